"""What can go wrong at the edge, and the one table from exceptions to gRPC status codes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from synthserve_server.limits.admission import Refusal
from synthserve_server.runtime.errors import CancelledWorkError
from synthserve_server.suggestions import closest

DOMAIN = "synthserve"
"""The domain of every ErrorInfo."""

# A status travels in HTTP/2 headers, of which peers accept 8 KiB: long texts are cut. Lengths are bytes of UTF-8.
_LONGEST_QUOTE = 80
_MOST_LISTED = 20
_MOST_VIOLATIONS = 10
_LONGEST_VIOLATIONS = 2400
_LONGEST_MESSAGE = 600

_MODELS = "models/"


@dataclass(frozen=True)
class Violation:
    """A field of a request with a value that is not allowed."""

    field: str
    description: str


class ServiceError(Exception):
    """The root of what a caller is told in detail."""

    reason: str

    def details(self) -> list[Message]:
        """The `google.rpc` details beside ErrorInfo."""
        return []

    def metadata(self) -> dict[str, str]:
        """The metadata of ErrorInfo."""
        return {}


class InvalidRequestError(ServiceError):
    """Fields of the request have values that are not allowed."""

    reason = "INVALID_REQUEST"

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = violations[:_MOST_VIOLATIONS]
        super().__init__("; ".join(f"{violation.field}: {violation.description}" for violation in self.violations))

    def details(self) -> list[Message]:
        """One BadRequest with all violations."""
        request = error_details_pb2.BadRequest()
        left = _LONGEST_VIOLATIONS
        for violation in self.violations:
            description = _shortened(violation.description, left)
            left -= len(description.encode())
            request.field_violations.add(field=violation.field, description=description)
        return [request]


class ModelNotFoundError(ServiceError):
    """There is no such model or version."""

    reason = "MODEL_NOT_FOUND"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        known = list(known)
        # Without what they all begin with, which would make any two of them alike.
        meant = closest(name.removeprefix(_MODELS), (one.removeprefix(_MODELS) for one in known))
        hint = f"; did you mean {_MODELS}{meant}?" if meant and "/" not in name.removeprefix(_MODELS) else ""
        super().__init__(f"there is no {name}{hint}; known are: {listed(known)}")

    def details(self) -> list[Message]:
        """The resource that is missing."""
        return [
            error_details_pb2.ResourceInfo(
                resource_type="synthserve.v1.Model", resource_name=self.name, description="not found"
            )
        ]

    def metadata(self) -> dict[str, str]:
        """The name asked for."""
        return {"model": self.name}


class ModelFailedError(ServiceError):
    """The model exists but could not be loaded."""

    reason = "MODEL_FAILED"

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, _shortened(why, _LONGEST_MESSAGE)
        super().__init__(f"{name} could not be loaded: {self.why}")

    def details(self) -> list[Message]:
        """The precondition that fails."""
        violation = error_details_pb2.PreconditionFailure.Violation(
            type="MODEL_STATE", subject=self.name, description=self.why
        )
        return [error_details_pb2.PreconditionFailure(violations=[violation])]

    def metadata(self) -> dict[str, str]:
        """The version that failed."""
        return {"model": self.name}


class ModelLoadingError(ServiceError):
    """The model is being loaded, and nothing of it is there yet."""

    reason = "MODEL_LOADING"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is being loaded; try again")

    def details(self) -> list[Message]:
        """When to try again."""
        return [error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1))]

    def metadata(self) -> dict[str, str]:
        """The version that is loading."""
        return {"model": self.name}


class ModelUnloadingError(ServiceError):
    """The model is taken out of service: it takes no new streams."""

    reason = "MODEL_UNLOADING"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is being unloaded: it only finishes the streams that it has")

    def details(self) -> list[Message]:
        """The precondition that fails."""
        violation = error_details_pb2.PreconditionFailure.Violation(
            type="MODEL_STATE", subject=self.name, description="it is being unloaded"
        )
        return [error_details_pb2.PreconditionFailure(violations=[violation])]

    def metadata(self) -> dict[str, str]:
        """The version that is unloading."""
        return {"model": self.name}


class ModelControlError(ServiceError):
    """The server's settings do not let calls change which models it serves."""

    reason = "MODEL_CONTROL"

    def __init__(self, mode: str, wanted: str) -> None:
        self.mode = mode
        super().__init__(f"this server runs with --model-control-mode {mode}; for this it must be {wanted}")

    def metadata(self) -> dict[str, str]:
        """The mode that the server runs in."""
        return {"mode": self.mode}


class RepositoryError(ServiceError):
    """The folder of the models cannot be read; what is served stays as it is."""

    reason = "REPOSITORY_UNREADABLE"

    def __init__(self, why: str) -> None:
        super().__init__(f"the model repository cannot be read, and nothing was changed: {why}")


class PermissionDeniedError(ServiceError):
    """The caller is known, and may not do this."""

    reason = "PERMISSION_DENIED"

    def __init__(self, role: str) -> None:
        """Says what is missing.

        Args:
            role: The role that the call needs.
        """
        self.role = role
        super().__init__(f"this needs the role {role}, which the caller does not have")

    def metadata(self) -> dict[str, str]:
        """The role that is missing."""
        return {"role": self.role}


class UnauthenticatedError(ServiceError):
    """The caller has not shown who it is."""

    reason = "UNAUTHENTICATED"

    def __init__(self, *, wrong: bool) -> None:
        """Says what is missing.

        Args:
            wrong: Whether there was a token, and it is nobody's.
        """
        super().__init__(
            "the bearer token is not known here"
            if wrong
            else "this server wants a token: send the metadata `authorization: Bearer TOKEN`"
        )


class ExpiredTokenError(ServiceError):
    """The caller's token was good once."""

    reason = "TOKEN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("the bearer token has expired; get a new one")


class KeysUnavailableError(ServiceError):
    """The issuer of tokens has not given the keys that they are checked with."""

    reason = "KEYS_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__(
            "tokens cannot be checked yet: their issuer has not given its keys; the server's log tells why"
        )

    def details(self) -> list[Message]:
        """When to try again."""
        return [error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2))]


class IndicesExhaustedError(ServiceError):
    """A stream without a count has come to the end of the indices."""

    reason = "INDICES_EXHAUSTED"

    def __init__(self, end: int) -> None:
        super().__init__(f"a stream cannot go beyond the index {end - 1}")


class ShuttingDownError(ServiceError):
    """The server is shutting down."""

    reason = "SHUTTING_DOWN"

    def __init__(self) -> None:
        super().__init__("the server is shutting down; go on elsewhere")

    def details(self) -> list[Message]:
        """When to try again."""
        return [error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1))]


class LimitExceededError(ServiceError):
    """The caller, or the server, has as much under way as it may."""

    reason = "LIMIT_EXCEEDED"

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        whose = "this server" if refusal.caller is None else _shortened(refusal.caller, _LONGEST_QUOTE)
        self.quota = f"{refusal.limit} of {whose} is {refusal.value:g}"
        super().__init__(f"{self.quota}; try again in {refusal.retry_seconds:.1f} s")

    def details(self) -> list[Message]:
        """The quota, and when to try again."""
        caller = self.refusal.caller
        subject = "server" if caller is None else f"caller:{_shortened(caller, _LONGEST_QUOTE)}"
        violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=self.quota)
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(math.ceil(self.refusal.retry_seconds * 1000))
        return [error_details_pb2.QuotaFailure(violations=[violation]), retry]

    def metadata(self) -> dict[str, str]:
        """The limit, by the name of its setting, and what it allows."""
        return {"limit": self.refusal.limit, "value": f"{self.refusal.value:g}"}


_CODES: dict[type[Exception], grpc.StatusCode] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    ModelNotFoundError: grpc.StatusCode.NOT_FOUND,
    ModelFailedError: grpc.StatusCode.FAILED_PRECONDITION,
    ModelLoadingError: grpc.StatusCode.UNAVAILABLE,
    ModelUnloadingError: grpc.StatusCode.FAILED_PRECONDITION,
    ModelControlError: grpc.StatusCode.FAILED_PRECONDITION,
    RepositoryError: grpc.StatusCode.FAILED_PRECONDITION,
    PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    ExpiredTokenError: grpc.StatusCode.UNAUTHENTICATED,
    KeysUnavailableError: grpc.StatusCode.UNAVAILABLE,
    IndicesExhaustedError: grpc.StatusCode.OUT_OF_RANGE,
    ShuttingDownError: grpc.StatusCode.UNAVAILABLE,
    LimitExceededError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    CancelledWorkError: grpc.StatusCode.CANCELLED,
}
"""Everything else is INTERNAL."""


def status_code(error: Exception) -> grpc.StatusCode:
    """The status code for an exception."""
    return _CODES.get(type(error), grpc.StatusCode.INTERNAL)


def to_status(error: Exception) -> status_pb2.Status:
    """What a caller is told about an exception. Of unexpected ones no more than that they happened."""
    details: list[Message] = []
    if isinstance(error, ServiceError):
        message = _shortened(str(error), _LONGEST_MESSAGE)
        info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata())
        details = error.details()
    elif isinstance(error, CancelledWorkError):
        message = "the call was cancelled"
        info = error_details_pb2.ErrorInfo(reason="CANCELLED", domain=DOMAIN)
    else:
        message = "the server failed; its log tells why"
        info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
    return status_pb2.Status(
        code=_number(status_code(error)), message=message, details=[_packed(detail) for detail in (info, *details)]
    )


def pushback(status: status_pb2.Status) -> tuple[tuple[str, str], ...]:
    """The trailer that gRPC's own retries go by, for a status with RetryInfo, which they do not know."""
    retry = error_details_pb2.RetryInfo()
    if any(detail.Unpack(retry) for detail in status.details):
        return (("grpc-retry-pushback-ms", str(retry.retry_delay.ToMilliseconds())),)
    return ()


def quoted(value: str) -> str:
    """A value that a caller sent, for a message: quoted, and cut when it is long."""
    return repr(_shortened(value, _LONGEST_QUOTE))


def listed(values: Iterable[str]) -> str:
    """The values that are allowed, for a message: the first ones when there are many."""
    every = list(values)
    shown = ", ".join(_shortened(value, _LONGEST_QUOTE) for value in every[:_MOST_LISTED])
    more = len(every) - _MOST_LISTED
    return (f"{shown} and {more} more" if more > 0 else shown) or "none"


def _shortened(text: str, most: int) -> str:
    data = text.encode()
    return text if len(data) <= most else data[: max(most - 3, 0)].decode(errors="ignore") + "…"


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _number(code: grpc.StatusCode) -> int:
    value: Any = code.value
    return int(value[0])
