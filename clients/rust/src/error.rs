//! The one error type of this crate.

use std::fmt;
use std::time::Duration;

use tonic::Code;
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, QuotaViolation};

/// Why a call failed.
///
/// Distinguish errors by [`code`](Self::code), or more finely by [`reason`](Self::reason), and never by the message.
///
/// | code | reason | when |
/// |---|---|---|
/// | `NotFound` | `MODEL_NOT_FOUND` | no such model or version: [`Self::resource_name`] |
/// | `InvalidArgument` | `INVALID_REQUEST` | a value that is not allowed: [`Self::field_violations`] |
/// | `InvalidArgument` | | the same, found by the client before anything was sent |
/// | `FailedPrecondition` | `MODEL_FAILED`, `MODEL_UNLOADING` | [`Self::precondition_violations`] |
/// | `ResourceExhausted` | `LIMIT_EXCEEDED` | over a limit, after all attempts: [`Self::quota_violations`] |
/// | `Unavailable` | `SHUTTING_DOWN`, `MODEL_LOADING` or none | no server, or not now, after all attempts |
/// | `DeadlineExceeded` | | the timeout ran out |
/// | `Unauthenticated`, `PermissionDenied` | | the token |
/// | `Internal` | `INTERNAL` | a fault of the server |
/// | `Internal` | | the server broke the protocol |
///
/// ```
/// # fn explain(error: &synthserve::Error) -> String {
/// use synthserve::Code;
///
/// match error.code() {
///     Code::NotFound => "there is no such model".to_owned(),
///     Code::InvalidArgument => error.field_violations().iter().map(|v| v.field.as_str()).collect(),
///     _ => error.to_string(),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    request_id: Option<String>,
    details: ErrorDetails,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self::with_details(code, message, None, ErrorDetails::new())
    }

    pub(crate) fn with_details(
        code: Code,
        message: impl Into<String>,
        request_id: Option<String>,
        details: ErrorDetails,
    ) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            request_id,
            details,
        }))
    }

    /// A value that cannot be sent.
    pub(crate) fn invalid(field: &str, description: &str) -> Self {
        let details = ErrorDetails::with_bad_request_violation(field, description);
        Self::with_details(Code::InvalidArgument, format!("{field}: {description}"), None, details)
    }

    /// A response that the contract does not allow.
    pub(crate) fn protocol(message: impl fmt::Display) -> Self {
        Self::new(Code::Internal, format!("the server broke the protocol: {message}"))
    }

    /// Adds a note to the message.
    pub(crate) fn note(mut self, note: impl fmt::Display) -> Self {
        self.0.message = format!("{} ({note})", self.0.message);
        self
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message: what happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// `google.rpc.ErrorInfo.reason`, for example `MODEL_NOT_FOUND`. The server gives one with every error that it
    /// raises itself.
    pub fn reason(&self) -> Option<&str> {
        let info = self.0.details.error_info()?;
        (!info.reason.is_empty()).then_some(info.reason.as_str())
    }

    /// The value of `key` in `google.rpc.ErrorInfo.metadata`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let info = self.0.details.error_info()?;
        info.metadata.get(key).map(String::as_str)
    }

    /// The id of the request in the server's log and traces, if the server answered it.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The fields that have values which are not allowed, from `google.rpc.BadRequest`.
    pub fn field_violations(&self) -> &[FieldViolation] {
        self.0
            .details
            .bad_request()
            .map_or(&[], |detail| &detail.field_violations)
    }

    /// The name of the resource that was not found, from `google.rpc.ResourceInfo`: `models/iris-vae`.
    pub fn resource_name(&self) -> Option<&str> {
        self.0
            .details
            .resource_info()
            .map(|detail| detail.resource_name.as_str())
    }

    /// How long to wait before asking again, from `google.rpc.RetryInfo`.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.details.retry_info().and_then(|detail| detail.retry_delay)
    }

    /// The limits that were hit, from `google.rpc.QuotaFailure`. Subjects are `caller:NAME` and `server`.
    pub fn quota_violations(&self) -> &[QuotaViolation] {
        self.0.details.quota_failure().map_or(&[], |detail| &detail.violations)
    }

    /// The states of the server that do not allow the call, from `google.rpc.PreconditionFailure`.
    pub fn precondition_violations(&self) -> &[PreconditionViolation] {
        self.0
            .details
            .precondition_failure()
            .map_or(&[], |detail| &detail.violations)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.request_id {
            // The server reveals little about its internal errors; its log has the rest, under this id.
            Some(id) if self.0.code == Code::Internal => write!(f, " (request {id})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("reason", &self.reason())
            .field("message", &self.0.message)
            .field("request_id", &self.0.request_id)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}
