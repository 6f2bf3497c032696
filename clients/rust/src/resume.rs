//! The state of one logical stream, which may take several calls: pure, no I/O, no clock.
//!
//! Sample `i` depends only on the model version, the seed, `i` and the conditions. So a broken stream resumes, with
//! nothing lost and nothing repeated, when the rest is requested: from the next index, with the version and the seed of
//! the first response. A stream that broke before its first response is requested again unchanged; the caller has not
//! seen a seed yet.

use std::sync::Arc;
use std::time::Duration;

use crate::messages::{Info, Request, Response};
use crate::preface::{Preface, Progress};
use crate::{Error, RetryPolicy, StreamInfo};

/// One past the largest index of a sample.
const END: i64 = i64::MAX;

/// Joins several calls into one stream that obeys the contract of a single call.
///
/// The driver sends the request that [`request`](Self::request) returns, passes every response to
/// [`accept`](Self::accept), and reports the end of the call with [`finish`](Self::finish) or [`broken`](Self::broken).
pub(crate) struct Resume<Q: Request> {
    base: Q,
    policy: RetryPolicy,
    /// The description of the stream by the running call.
    preface: Preface<CallInfo<Q>>,
    info: Option<Arc<WholeInfo<Q>>>,
    next_index: i64,
    failures: u32,
}

type CallInfo<Q> = <<Q as Request>::Response as Response>::Info;

/// The properties of the stream of a request.
pub(crate) type WholeInfo<Q> = StreamInfo<<CallInfo<Q> as Info>::Schema>;

impl<Q: Request> Resume<Q> {
    pub(crate) fn new(base: Q, policy: RetryPolicy) -> Self {
        let next_index = base.offset();
        Self {
            base,
            policy,
            preface: Preface::new(),
            info: None,
            next_index,
            failures: 0,
        }
    }

    /// The model version, seed and schema of the stream, once a call has described it completely.
    pub(crate) fn info(&self) -> Option<&Arc<WholeInfo<Q>>> {
        self.info.as_ref()
    }

    /// The index of the next sample.
    pub(crate) fn next_index(&self) -> i64 {
        self.next_index
    }

    /// Whether all requested samples have arrived; without a count, those of all indices. So a stream without a count
    /// that reaches the last index ends normally, whatever status the server gives.
    pub(crate) fn complete(&self) -> bool {
        self.info.is_some() && self.next_index == self.end().unwrap_or(END)
    }

    /// The index after the last one that was requested.
    fn end(&self) -> Option<i64> {
        // The server refuses a sum that is too large, with an error that names the field.
        self.base.count().map(|count| self.base.offset().saturating_add(count))
    }

    /// The request for the missing samples.
    pub(crate) fn request(&self) -> Q {
        match &self.info {
            None => self.base.clone(),
            Some(info) => {
                let count = self.end().map(|end| end - self.next_index);
                self.base.rest(info.model.clone(), info.seed, self.next_index, count)
            }
        }
    }

    /// Accepts the next response of the running call. Returns none until the call has described its stream completely.
    /// The response that completes the description has the `info`, without the schema. No other response has one, not
    /// even the first of a second call.
    pub(crate) fn accept(&mut self, mut response: Q::Response) -> Result<Option<Q::Response>, Error> {
        match self.preface.accept(&mut response)? {
            Progress::Incomplete => {
                self.advance(&response)?;
                return Ok(None);
            }
            Progress::Complete(mut info) => {
                let started = self.info.is_some();
                self.take_info(info.take()?)?;
                *response.info() = (!started).then_some(info);
            }
            Progress::Samples if self.info.is_none() => {
                return Err(Error::protocol(
                    "the first response says neither model version nor seed",
                ));
            }
            Progress::Samples => {}
        }
        self.advance(&response)?;
        Ok(Some(response))
    }

    /// Counts the samples of a response, unless they are not the next ones or too many.
    fn advance(&mut self, response: &Q::Response) -> Result<(), Error> {
        let (first, size) = (response.first_index(), response.size());
        if first != self.next_index || size < 0 {
            let expected = self.next_index;
            return Err(Error::protocol(format_args!(
                "expected samples from index {expected}, got {size} from {first}"
            )));
        }
        match first.checked_add(size) {
            Some(next) if next <= self.end().unwrap_or(END) => self.next_index = next,
            _ => {
                let end = self.end().unwrap_or(END);
                return Err(Error::protocol(format_args!(
                    "asked for samples up to index {end}, got {size} from {first}"
                )));
            }
        }
        if size > 0 {
            self.failures = 0;
        }
        Ok(())
    }

    fn take_info(&mut self, got: WholeInfo<Q>) -> Result<(), Error> {
        let (model, seed) = match &self.info {
            Some(info) => (Some(info.model.as_str()), Some(info.seed)),
            None => (
                Some(self.base.model()).filter(|model| model.contains("/versions/")),
                self.base.seed(),
            ),
        };
        if model.is_some_and(|model| model != got.model) || seed.is_some_and(|seed| seed != got.seed) {
            let (model, seed) = (
                model.unwrap_or("any version"),
                seed.map_or("any".to_owned(), |seed| seed.to_string()),
            );
            return Err(Error::protocol(format_args!(
                "asked for {model} with seed {seed}, got {} with seed {}",
                got.model, got.seed
            )));
        }
        match &self.info {
            Some(info) if info.schema != got.schema => Err(Error::protocol(format_args!(
                "{} has another schema than before the stream broke",
                got.model
            ))),
            Some(_) => Ok(()),
            None => {
                self.info = Some(Arc::new(got));
                Ok(())
            }
        }
    }

    /// Records that the running call ended without an error. Fails if samples are missing.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        if self.complete() {
            return Ok(());
        }
        if self.info.is_none() {
            return Err(Error::protocol("the stream ended before it said what it is of"));
        }
        let goal = match self.end() {
            Some(end) => format!("samples up to index {end} were asked for"),
            None => "the call was not cancelled".to_owned(),
        };
        Err(Error::protocol(format_args!(
            "the stream ended at index {}, but {goal}",
            self.next_index
        )))
    }

    /// Records that the running call failed. `share` is the random share of the wait, from 0.5 to 1.
    ///
    /// Returns how long to wait before the next call, none if no sample is missing (the error does not matter then), or
    /// the error if the stream cannot go on.
    pub(crate) fn broken(&mut self, error: Error, share: f64) -> Result<Option<Duration>, Error> {
        if self.complete() {
            return Ok(None);
        }
        self.preface = Preface::new();
        let started = self.info.is_some();
        self.failures += 1;
        if let Some(wait) = self.policy.delay(self.failures, &error, started, share) {
            return Ok(Some(wait));
        }
        let error = match self.failures {
            1 => error,
            failures => error.note(format_args!("after {failures} attempts")),
        };
        Err(if started {
            error.note(format_args!("the stream broke at index {}", self.next_index))
        } else {
            error
        })
    }
}

#[cfg(test)]
mod tests;
