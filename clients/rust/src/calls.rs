//! Calls with one answer that are tried again: the one place where they meet gRPC and the clock.

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tonic::{Response, Status};

use crate::alarm::Alarm;
use crate::caller::Caller;
use crate::connection::Service;
use crate::retry::Deadline;
use crate::v1::model_service_client::ModelServiceClient;
use crate::{Error, status};

/// The longest timeout that is sent to the server: gRPC's text format for it is limited.
const LONGEST_TOLD: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Repeats a call until it succeeds, a retry would not help, or the deadline passes.
pub(crate) async fn unary<Q, A, F>(
    caller: &Caller,
    deadline: Option<Deadline>,
    request: Q,
    call: impl Fn(ModelServiceClient<Service>, tonic::Request<Q>) -> F,
) -> Result<A, Error>
where
    Q: Clone,
    F: Future<Output = Result<Response<A>, Status>>,
{
    let mut failures = 0;
    loop {
        let attempt = call(caller.models()?, timed(request.clone(), deadline));
        let error = match within(deadline, attempt).await? {
            Ok(answer) => {
                caller.peer.has_answered();
                return Ok(answer.into_inner());
            }
            Err(status) => status::error(&status, &caller.peer),
        };
        failures += 1;
        let Some(wait) = caller.policy.delay(failures, &error, false, share()) else {
            return Err(if failures > 1 {
                error.note(format_args!("after {failures} attempts"))
            } else {
                error
            });
        };
        if let Some(deadline) = deadline {
            deadline.fit(Instant::now(), wait, &error)?;
        }
        Alarm::after(wait)?.await;
    }
}

/// The result of `work`, unless the deadline passes first.
async fn within<T>(deadline: Option<Deadline>, work: impl Future<Output = T>) -> Result<T, Error> {
    let Some(deadline) = deadline else {
        return Ok(work.await);
    };
    if deadline.end() <= Instant::now() {
        return Err(deadline.exceeded());
    }
    let mut work = pin!(work);
    let mut alarm = Alarm::at(deadline.end())?;
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => Pin::new(&mut alarm).poll(cx).map(|()| Err(deadline.exceeded())),
    })
    .await
}

/// A request that tells the server how much time is left.
pub(crate) fn timed<Q>(message: Q, deadline: Option<Deadline>) -> tonic::Request<Q> {
    let mut request = tonic::Request::new(message);
    if let Some(deadline) = deadline {
        let left = deadline.end().saturating_duration_since(Instant::now());
        request.set_timeout(left.min(LONGEST_TOLD));
    }
    request
}

/// A random share of a wait, from 0.5 to 1. It spreads load and protects nothing, so the seeds of hash maps are enough.
pub(crate) fn share() -> f64 {
    let random = RandomState::new().hash_one(()) >> 11;
    0.5 + 0.5 * random as f64 / (1u64 << 53) as f64
}
