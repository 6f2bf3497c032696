//! Streams of responses, over as many calls as needed: the one place where streams meet gRPC and the clock.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tonic::{Status, Streaming};

use crate::alarm::Alarm;
use crate::caller::Caller;
use crate::calls::{share, timed};
use crate::messages::{Opening, Request};
use crate::resume::{Resume, WholeInfo};
use crate::retry::Deadline;
use crate::{Error, status};

/// The responses of one logical stream.
///
/// Nothing is sent before it is polled for the first time, which is when its timeout begins. It holds at most one
/// response, and HTTP/2's flow control bounds how far the server runs ahead. Dropping it cancels the running call.
pub(crate) struct Samples<Q: Request> {
    caller: Arc<Caller>,
    run: Resume<Q>,
    timeout: Option<Duration>,
    deadline: Option<(Deadline, Alarm)>,
    state: State<Q::Response>,
}

enum State<R> {
    Refused(Error),
    New,
    Due,
    Opening(Opening<R>),
    Reading(Box<Streaming<R>>),
    Waiting(Alarm),
    Ended,
}

impl<Q: Request> Samples<Q> {
    /// `refused`: why the request cannot be sent.
    pub(crate) fn new(caller: Arc<Caller>, request: Q, refused: Option<Error>, timeout: Option<Duration>) -> Self {
        let run = Resume::new(request, caller.policy);
        Self {
            caller,
            run,
            timeout,
            deadline: None,
            state: refused.map_or(State::New, State::Refused),
        }
    }

    /// The model version, seed and schema of the stream, once the server has described it completely.
    pub(crate) fn info(&self) -> Option<&Arc<WholeInfo<Q>>> {
        self.run.info()
    }

    /// Drops the call, which cancels it if it is still running.
    pub(crate) fn end(&mut self) {
        self.state = State::Ended;
        self.deadline = None;
    }

    /// Advances step by step until there is a response, the stream ends, or it has to wait.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Q::Response>, Error>> {
        loop {
            if let Some((deadline, alarm)) = &mut self.deadline
                && Pin::new(alarm).poll(cx).is_ready()
            {
                let done = self.run.complete();
                return Poll::Ready(if done { Ok(None) } else { Err(deadline.exceeded()) });
            }
            match &mut self.state {
                State::Refused(error) => return Poll::Ready(Err(error.clone())),
                State::New => {
                    let deadline = self.timeout.and_then(|timeout| Deadline::new(Instant::now(), timeout));
                    self.deadline = match deadline {
                        None => None,
                        Some(deadline) => Some((deadline, Alarm::at(deadline.end())?)),
                    };
                    self.state = State::Due;
                }
                State::Due => {
                    let deadline = self.deadline.as_ref().map(|(deadline, _)| *deadline);
                    let request = timed(self.run.request(), deadline);
                    self.state = State::Opening(Q::send(request, self.caller.generation()?));
                }
                State::Opening(call) => match ready!(call.as_mut().poll(cx)) {
                    Ok(responses) => {
                        self.caller.peer.has_answered();
                        self.state = State::Reading(Box::new(responses));
                    }
                    Err(status) => self.broken(&status)?,
                },
                State::Reading(responses) => match ready!(Pin::new(responses).poll_next(cx)) {
                    Some(Ok(response)) => {
                        if let Some(response) = self.run.accept(response)? {
                            return Poll::Ready(Ok(Some(response)));
                        }
                    }
                    Some(Err(status)) => self.broken(&status)?,
                    None => return Poll::Ready(self.run.finish().map(|()| None)),
                },
                State::Waiting(alarm) => {
                    ready!(Pin::new(alarm).poll(cx));
                    self.state = State::Due;
                }
                State::Ended => return Poll::Ready(Ok(None)),
            }
        }
    }

    fn broken(&mut self, status: &Status) -> Result<(), Error> {
        let error = status::error(status, &self.caller.peer);
        self.state = match self.run.broken(error.clone(), share())? {
            None => State::Ended,
            Some(wait) => {
                if let Some((deadline, _)) = &self.deadline {
                    deadline.fit(Instant::now(), wait, &error)?;
                }
                tracing::info!(index = self.run.next_index(), %error, ?wait, "the stream broke and will go on");
                State::Waiting(Alarm::after(wait)?)
            }
        };
        Ok(())
    }
}

impl<Q: Request> fmt::Debug for Samples<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples")
            .field("caller", &self.caller)
            .field("next_index", &self.run.next_index())
            .finish_non_exhaustive()
    }
}

impl<Q: Request + Unpin> Stream for Samples<Q> {
    type Item = Result<Q::Response, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.advance(cx)).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.end();
        }
        Poll::Ready(next)
    }
}

/// The next item, so that callers need no extension trait of [`Stream`].
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

#[cfg(test)]
mod tests;
