//! Points in time to wait for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, Id};
use tokio::time::{Sleep, sleep_until};

use crate::Error;
use crate::connection::runtime;

/// The longest wait: 100 years, which clocks and timers of every platform can represent.
pub(crate) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A future that is ready from a point in time on, whichever Tokio runtime polls it.
///
/// A timer of Tokio belongs to the runtime where it was made, and panics once that one is gone.
#[derive(Debug)]
pub(crate) struct Alarm {
    end: Instant,
    runtime: Id,
    timer: Pin<Box<Sleep>>,
}

impl Alarm {
    /// # Errors
    ///
    /// `FailedPrecondition`: this thread is in no Tokio runtime.
    pub(crate) fn at(end: Instant) -> Result<Self, Error> {
        Ok(Self {
            end,
            runtime: runtime()?,
            timer: timer(end),
        })
    }

    /// An alarm after `wait`, which is capped at [`FOREVER`].
    pub(crate) fn after(wait: Duration) -> Result<Self, Error> {
        Self::at(Instant::now() + wait.min(FOREVER))
    }
}

fn timer(end: Instant) -> Pin<Box<Sleep>> {
    Box::pin(sleep_until(end.into()))
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Timers of Tokio are late by up to a millisecond.
        if self.end <= Instant::now() {
            return Poll::Ready(());
        }
        if let Ok(here) = Handle::try_current()
            && here.id() != self.runtime
        {
            self.runtime = here.id();
            self.timer = timer(self.end);
        }
        self.timer.as_mut().poll(cx)
    }
}
