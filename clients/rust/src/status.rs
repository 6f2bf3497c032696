//! From what tonic says to [`Error`].

use std::error::Error as StdError;

use prost::Message;
use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::{ErrorDetails, RpcStatusExt};

use crate::Error;

/// How tonic words a stream that ended without a status. hyper makes such an end of an `RST_STREAM` with `CANCEL`,
/// which is what a server sends that goes down: the code is `UNKNOWN` then, and this the only trace.
const NO_TRAILERS: &str = "missing grpc-status trailer";

/// How tonic words that a message is larger than what is taken: the code is `OUT_OF_RANGE` then, elsewhere in gRPC it
/// is `RESOURCE_EXHAUSTED`.
const TOO_LARGE: &str = "decoded message length too large";

/// Builds the error for a failed call.
///
/// `target` is the server's address, for the message.
pub(crate) fn error(status: &Status, target: &str) -> Error {
    if let Some(cause) = status.source() {
        return broken(cause, target);
    }
    let message = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    let details = details(status);
    let has_reason = details.error_info().is_some_and(|info| !info.reason.is_empty());
    let request_id = status
        .metadata()
        .get("x-request-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    let dropped = match status.code() {
        // Nobody here has cancelled: that is done by dropping the stream, which nobody reads then.
        Code::Cancelled => !has_reason,
        Code::Unknown => message.contains(NO_TRAILERS),
        _ => false,
    };
    let (code, message) = match status.code() {
        _ if dropped => (Code::Unavailable, format!("{target} dropped the call: {message}")),
        Code::Unimplemented => (
            Code::Unimplemented,
            format!("what answers at {target} does not offer this synthserve API: {message}"),
        ),
        Code::OutOfRange if !has_reason && message.contains(TOO_LARGE) => (Code::ResourceExhausted, message.to_owned()),
        code => (code, message.to_owned()),
    };
    Error::with_details(code, message, request_id, details)
}

/// The details, unless they are of another status: a proxy can change one and leave the other.
fn details(status: &Status) -> ErrorDetails {
    match tonic_types::pb::Status::decode(status.details()) {
        Ok(packed) if packed.code == status.code() as i32 => packed.get_error_details(),
        _ => ErrorDetails::new(),
    }
}

/// What has become of a call that no server has ended.
fn broken(cause: &(dyn StdError + 'static), target: &str) -> Error {
    if causes(cause).any(|error| error.is::<TimeoutExpired>()) {
        return Error::new(Code::DeadlineExceeded, "not done in time");
    }
    if let Some(refused) = causes(cause).find(|error| error.is::<ConnectError>()) {
        return Error::new(Code::Unavailable, format!("no server at {target}: {}", chain(refused)));
    }
    let code = causes(cause)
        .find_map(|error| error.downcast_ref::<h2::Error>())
        .map_or(Code::Unavailable, code_of);
    Error::new(code, format!("lost the connection to {target}: {}", chain(cause)))
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    // Some errors say what their cause says.
    texts.dedup_by(|inner, outer| outer.contains(inner.as_str()));
    texts.join(": ")
}

/// The code for a call that ended in HTTP/2, by the table in gRPC's `PROTOCOL-HTTP2`. tonic has it too, but not in a
/// build that is a client only.
fn code_of(error: &h2::Error) -> Code {
    match error.reason() {
        Some(reason) if error.is_reset() => match reason {
            h2::Reason::REFUSED_STREAM | h2::Reason::CANCEL => Code::Unavailable,
            h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
            h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
            _ => Code::Internal,
        },
        // The connection as a whole.
        _ => Code::Unavailable,
    }
}

#[cfg(test)]
mod tests;
