//! The state that all calls of a client share.

use std::fmt;

use crate::connection::{Connection, Service};
use crate::peer::Peer;
use crate::v1::generation_service_client::GenerationServiceClient;
use crate::v1::model_service_client::ModelServiceClient;
use crate::{Error, RetryPolicy};

/// Messages are at most a few MiB; gRPC's own limit is 4.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// The shared state.
pub(crate) struct Caller {
    pub(crate) peer: Peer,
    pub(crate) policy: RetryPolicy,
    pub(crate) connection: Connection,
}

impl Caller {
    pub(crate) fn generation(&self) -> Result<GenerationServiceClient<Service>, Error> {
        let service = self.connection.service()?;
        Ok(GenerationServiceClient::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES))
    }

    pub(crate) fn models(&self) -> Result<ModelServiceClient<Service>, Error> {
        let service = self.connection.service()?;
        Ok(ModelServiceClient::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("target", &self.peer.target())
            .finish_non_exhaustive()
    }
}
