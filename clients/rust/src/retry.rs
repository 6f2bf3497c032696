//! When to try again, and how long to wait before.

use std::time::{Duration, Instant};

use tonic::Code;

use crate::Error;
use crate::alarm::FOREVER;

/// How calls are tried again after the server was unavailable, or refused them for now.
///
/// A wrong address should be reported soon, while a stream that already gave a million rows deserves patience. So one
/// bound applies to calls without a response yet, and another to streams that have begun. Both count attempts since the
/// last sample. The waits between attempts grow from `initial_backoff` by `multiplier` up to `max_backoff`, each
/// shortened by a random part of at most a half; the server can ask for longer ones. A call over a limit is tried again
/// only if the server says when. The wait of the policy is added, so that not all clients return at once.
///
/// ```
/// use synthserve::RetryPolicy;
///
/// let patient = RetryPolicy { start_attempts: 10, ..RetryPolicy::default() };
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in a row, at least 1, before the first response. 1 turns retries off. Default: 4.
    pub start_attempts: u32,
    /// Attempts in a row, at least 1, once a stream has begun; the one that broke counts. 1 turns resuming off.
    /// Default: 12.
    pub resume_attempts: u32,
    /// The wait before the second attempt. Default: 0.1 s.
    pub initial_backoff: Duration,
    /// The longest wait. Default: 5 s.
    pub max_backoff: Duration,
    /// Growth from wait to wait, at least 1. Default: 2.
    pub multiplier: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            start_attempts: 4,
            resume_attempts: 12,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            multiplier: 2.0,
        }
    }
}

impl RetryPolicy {
    /// Never tries again: streams end with the first error.
    pub fn never() -> Self {
        Self {
            start_attempts: 1,
            resume_attempts: 1,
            ..Self::default()
        }
    }

    /// Refuses values that are out of their ranges.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.start_attempts < 1 || self.resume_attempts < 1 {
            return Err(Error::invalid(
                "retry",
                "start_attempts and resume_attempts must be at least 1",
            ));
        }
        // Written so that a multiplier that is not a number is refused.
        if self.initial_backoff <= self.max_backoff && self.multiplier >= 1.0 {
            return Ok(());
        }
        Err(Error::invalid(
            "retry",
            "initial_backoff <= max_backoff and multiplier >= 1 must hold",
        ))
    }

    /// The wait before the next attempt; none when a retry would not help or the attempts are used up.
    ///
    /// `failures` is the number of failures in a row, with this one; `started` whether the call has given anything;
    /// `share` the random share of the wait, from 0.5 to 1.
    pub(crate) fn delay(&self, failures: u32, error: &Error, started: bool, share: f64) -> Option<Duration> {
        let (at_least, more) = match (error.code(), error.retry_delay()) {
            (Code::Unavailable, delay) => (delay.unwrap_or_default(), Duration::ZERO),
            (Code::ResourceExhausted, Some(delay)) => (Duration::ZERO, delay),
            _ => return None,
        };
        if failures
            >= if started {
                self.resume_attempts
            } else {
                self.start_attempts
            }
        {
            return None;
        }
        let growth = self.multiplier.powf(f64::from(failures - 1));
        let longest = self.max_backoff.as_secs_f64();
        let backoff = longest.min(self.initial_backoff.as_secs_f64() * growth);
        let wait = Duration::try_from_secs_f64(backoff * share).unwrap_or(self.max_backoff);
        // Seconds as a float round upwards too.
        let wait = wait.min(self.max_backoff);
        Some(wait.max(at_least).saturating_add(more).min(FOREVER))
    }
}

/// A point in time that a whole logical call, with all its attempts and waits, must not pass.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    timeout: Duration,
    end: Instant,
}

impl Deadline {
    /// The deadline that is `timeout` after `start`; none if `timeout` is as good as unlimited.
    pub(crate) fn new(start: Instant, timeout: Duration) -> Option<Self> {
        let end = start.checked_add(timeout).filter(|_| timeout < FOREVER)?;
        Some(Self { timeout, end })
    }

    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// The error for a call that is not done in time.
    pub(crate) fn exceeded(&self) -> Error {
        Error::new(Code::DeadlineExceeded, format!("not done within {:?}", self.timeout))
    }

    /// Lets a wait pass that begins `now` and ends in time; waiting for any other would be useless.
    pub(crate) fn fit(&self, now: Instant, wait: Duration, cause: &Error) -> Result<(), Error> {
        match now.checked_add(wait) {
            Some(then) if then < self.end => Ok(()),
            _ => Err(self.exceeded().note(format_args!("the last attempt failed: {cause}"))),
        }
    }
}

#[cfg(test)]
mod tests;
