"""Everything that the client raises.

SynthserveError
 ├── InvalidRequest     (ValueError)       the request has a value that is not allowed; see `violations`
 ├── ModelNotFound      (LookupError)      there is no such model or version
 ├── ModelNotReady                         the model exists but could not be loaded
 ├── ModelControlDisabled                  the server's settings do not let calls load or unload models
 ├── Unauthenticated                       no credentials, or wrong ones
 ├── PermissionDenied                      the credentials do not allow this
 ├── ResourceExhausted                     a limit was hit; tried again before it is raised, where the server says when
 ├── Unavailable        (ConnectionError)  no server, or one that is shutting down; retried before it is raised
 ├── DeadlineExceeded   (TimeoutError)     `timeout` ran out
 ├── Cancelled                             the stream or the client was closed while in use
 ├── ServerError                           a fault of the server
 ├── ProtocolError                         the server sent what the contract does not allow
 └── MissingDependency  (ImportError)      an optional package is not installed
"""

# Each name states the event, as in the standard library (`KeyboardInterrupt`, `StopIteration`).
# ruff: noqa: N818 - named for what happened; all of them are errors

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Cancelled",
    "DeadlineExceeded",
    "FieldViolation",
    "InvalidRequest",
    "MissingDependency",
    "ModelControlDisabled",
    "ModelNotFound",
    "ModelNotReady",
    "PermissionDenied",
    "PreconditionViolation",
    "ProtocolError",
    "QuotaViolation",
    "ResourceExhausted",
    "ServerError",
    "SynthserveError",
    "Unauthenticated",
    "Unavailable",
]


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing that is wrong with a request.

    Attributes:
        field: The field of the request, for example `count` or `conditions["species"]`.
        description: What is wrong with it and what is allowed.
    """

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


@dataclass(frozen=True, slots=True)
class QuotaViolation:
    """A limit that was hit.

    Attributes:
        subject: Whose limit it is: `caller:NAME` or `server`.
        description: Which limit was hit, and what it allows.
    """

    subject: str
    description: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.description}"


@dataclass(frozen=True, slots=True)
class PreconditionViolation:
    """Why a model cannot be used.

    Attributes:
        subject: The version, as `models/{model}/versions/{version}`.
        description: What is the matter with it.
    """

    subject: str
    description: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.description}"


class SynthserveError(Exception):
    """The base of all errors that this package raises.

    Attributes:
        message: What happened, in one sentence.
        reason: `google.rpc.ErrorInfo.reason` that the server sent, for example `MODEL_NOT_FOUND`; empty if it sent
            none. Programs should look at the type of the error first, then at this, never at the message.
        metadata: `google.rpc.ErrorInfo.metadata`.
        code: The name of the gRPC status, for example `NOT_FOUND`; of what the client itself finds, that of the status
            that says the same, or empty.
        request_id: What the server's log and traces call the request; empty where the server did not answer it.
    """

    code: str = ""
    request_id: str = ""

    def __init__(self, message: str, *, reason: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.metadata = dict(metadata or {})

    def __str__(self) -> str:
        return self.message


class InvalidRequest(SynthserveError, ValueError):
    """A field of the request has a value that is not allowed.

    Attributes:
        violations: What is wrong, field by field. Can be empty.
    """

    code = "INVALID_ARGUMENT"

    def __init__(
        self,
        message: str,
        *,
        violations: Sequence[FieldViolation] = (),
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.violations = tuple(violations)


class ModelNotFound(SynthserveError, LookupError):
    """The server has no such model or version.

    Attributes:
        resource: The name that was asked for; empty if the server did not repeat it.
    """

    code = "NOT_FOUND"

    def __init__(
        self, message: str, *, resource: str = "", reason: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.resource = resource


class ModelNotReady(SynthserveError):
    """The model exists but could not be loaded, or is being unloaded; `Client.model(name)` has its state and error.

    Attributes:
        violations: The versions that cannot be used, and why. Can be empty.
    """

    code = "FAILED_PRECONDITION"

    def __init__(
        self,
        message: str,
        *,
        violations: Sequence[PreconditionViolation] = (),
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.violations = tuple(violations)


class ModelControlDisabled(SynthserveError):
    """The server's settings do not let calls load or unload models; the message names the setting that does."""

    code = "FAILED_PRECONDITION"


class Unauthenticated(SynthserveError):
    """The server requires credentials and got none, or wrong ones."""

    code = "UNAUTHENTICATED"


class PermissionDenied(SynthserveError):
    """The credentials are known and do not allow this."""

    code = "PERMISSION_DENIED"


class ResourceExhausted(SynthserveError):
    """The caller or the server has reached a limit, or a message is too large.

    If the server says when to try again, the client retries as often as `RetryPolicy` allows before it raises this.

    Attributes:
        retry_delay: Seconds to wait before the next attempt, as the server asked; None if trying again does not help.
        violations: The limits that were hit. Can be empty.
    """

    code = "RESOURCE_EXHAUSTED"

    def __init__(
        self,
        message: str,
        *,
        retry_delay: float | None = None,
        violations: Sequence[QuotaViolation] = (),
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.retry_delay = retry_delay
        self.violations = tuple(violations)


class Unavailable(SynthserveError, ConnectionError):
    """There is no server at the address, or it is shutting down.

    It is raised after the attempts that `RetryPolicy` allows.

    Attributes:
        retry_delay: Seconds to wait before the next attempt, as the server asked; None if it did not.
    """

    code = "UNAVAILABLE"

    def __init__(
        self,
        message: str,
        *,
        retry_delay: float | None = None,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.retry_delay = retry_delay


class DeadlineExceeded(SynthserveError, TimeoutError):
    """`timeout` ran out before the end."""

    code = "DEADLINE_EXCEEDED"


class Cancelled(SynthserveError):
    """The stream or the client was closed while in use, or the server cancelled the call."""

    code = "CANCELLED"


class ServerError(SynthserveError):
    """An internal error of the server."""

    code = "INTERNAL"


class ProtocolError(SynthserveError):
    """The server sent a response that the contract does not allow, for example rows out of order."""


class MissingDependency(SynthserveError, ImportError):
    """An optional package is not installed; the message has the command that installs it."""
