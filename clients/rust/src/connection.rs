//! Connections to one server: one for each Tokio runtime that a client is used in.
//!
//! A channel of tonic runs in the runtime where it was made. It breaks when that runtime ends, and stalls while the
//! runtime is not driven. So a client that is used in another runtime gets another channel there.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, Id};
use tonic::Code;
use tonic::codegen::Service as _;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::Error;
use crate::token::Authorization;

/// The transport for the stubs in [`v1`](crate::v1): the connection, with the token in every call.
pub type Service = InterceptedService<Channel, Authorization>;

pub(crate) struct Connection {
    endpoint: Endpoint,
    authorization: Authorization,
    channels: Mutex<Vec<(Id, Channel)>>,
}

impl Connection {
    pub(crate) fn new(endpoint: Endpoint, authorization: Authorization) -> Self {
        Self {
            endpoint,
            authorization,
            channels: Mutex::default(),
        }
    }

    /// The connection in the runtime of this thread; in a thread without one, that of the runtime that was used last.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition`: there was no runtime yet.
    pub(crate) fn service(&self) -> Result<Service, Error> {
        Ok(InterceptedService::new(self.channel()?, self.authorization.clone()))
    }

    fn channel(&self) -> Result<Channel, Error> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = match (runtime(), channels.last()) {
            (Ok(runtime), _) => runtime,
            (Err(_), Some((_, channel))) => return Ok(channel.clone()),
            (Err(error), None) => return Err(error),
        };
        if let Some((_, channel)) = channels.iter().find(|(id, _)| *id == runtime) {
            return Ok(channel.clone());
        }
        channels.retain(|(_, channel)| is_alive(channel));
        let channel = self.endpoint.connect_lazy();
        channels.push((runtime, channel.clone()));
        Ok(channel)
    }
}

/// The runtime of this thread.
pub(crate) fn runtime() -> Result<Id, Error> {
    Handle::try_current().map(|handle| handle.id()).map_err(|_| {
        let message = "there is no Tokio runtime here: call and poll inside of one (#[tokio::main], Runtime::block_on)";
        Error::new(Code::FailedPrecondition, message)
    })
}

/// Whether the runtime of a channel is still there.
fn is_alive(channel: &Channel) -> bool {
    let ready = channel.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
    !matches!(ready, Poll::Ready(Err(_)))
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("authorization", &self.authorization)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
