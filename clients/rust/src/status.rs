//! Conversion of tonic's status to [`Error`].

use std::error::Error as StdError;

use prost::Message;
use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::{ErrorDetails, RetryInfo, RpcStatusExt, pb};

use crate::peer::Peer;
use crate::{Error, reasons};

/// The message of tonic for a stream that ended without a status. hyper reports an `RST_STREAM` with `CANCEL` in this
/// way, which a server sends when it shuts down: the code is `UNKNOWN` then, and only this message identifies the case.
const NO_TRAILERS: &str = "missing grpc-status trailer";

/// The message of tonic for a response above the size limit. tonic gives it the code `OUT_OF_RANGE`, other gRPC
/// libraries `RESOURCE_EXHAUSTED`.
const TOO_LARGE: &str = "decoded message length too large";

/// Builds the error for a failed call.
pub(crate) fn error(status: &Status, peer: &Peer) -> Error {
    if let Some(cause) = status.source() {
        return broken(cause, peer);
    }
    peer.has_answered();
    let target = peer.target();
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
        // This client cancels only by dropping the stream, which cannot be read afterwards. So the server cancelled.
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

/// The details, unless their code differs from that of the status: a proxy can change the status and keep the details.
fn details(status: &Status) -> ErrorDetails {
    match pb::Status::decode(status.details()) {
        Ok(mut packed) if packed.code == status.code() as i32 => {
            bound_delays(&mut packed);
            packed.get_error_details()
        }
        _ => ErrorDetails::new(),
    }
}

/// Clamps the delays of `RetryInfo` to the range that protobuf allows, from 0 up. tonic overflows when it negates the
/// most negative ones.
fn bound_delays(status: &mut pb::Status) {
    const SECOND: i128 = 1_000_000_000;
    let longest = RetryInfo::MAX_RETRY_DELAY.as_nanos() as i128;
    for detail in &mut status.details {
        if detail.type_url != RetryInfo::TYPE_URL {
            continue;
        }
        let Ok(mut info) = pb::RetryInfo::decode(detail.value.as_slice()) else {
            continue;
        };
        if let Some(delay) = &mut info.retry_delay {
            let nanos = (i128::from(delay.seconds) * SECOND + i128::from(delay.nanos)).clamp(0, longest);
            delay.seconds = (nanos / SECOND) as i64;
            delay.nanos = (nanos % SECOND) as i32;
            detail.value = info.encode_to_vec();
        }
    }
}

/// The error for a call that no server has ended.
fn broken(cause: &(dyn StdError + 'static), peer: &Peer) -> Error {
    if causes(cause).any(|error| error.is::<TimeoutExpired>()) {
        return Error::new(Code::DeadlineExceeded, "not done in time");
    }
    if let Some(refused) = causes(cause).find(|error| error.is::<ConnectError>()) {
        return Error::new(Code::Unavailable, reasons::not_connected(refused, peer));
    }
    let http = causes(cause).find_map(|error| error.downcast_ref::<h2::Error>());
    if http.is_some_and(h2::Error::is_remote) {
        peer.has_answered();
    }
    Error::new(http.map_or(Code::Unavailable, code_of), reasons::lost(cause, peer))
}

/// An error and its causes, the outermost first.
pub(crate) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    // Some errors repeat the message of their cause.
    texts.dedup_by(|inner, outer| outer.contains(inner.as_str()));
    texts.join(": ")
}

/// The code for a call that HTTP/2 ended, by the table in gRPC's `PROTOCOL-HTTP2`. tonic has the table too, but not in
/// a client-only build.
fn code_of(error: &h2::Error) -> Code {
    match error.reason() {
        Some(reason) if error.is_reset() => match reason {
            h2::Reason::REFUSED_STREAM | h2::Reason::CANCEL => Code::Unavailable,
            h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
            h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
            _ => Code::Internal,
        },
        // The whole connection failed.
        _ => Code::Unavailable,
    }
}

#[cfg(test)]
mod tests;
