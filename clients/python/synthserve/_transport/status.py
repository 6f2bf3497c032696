"""From what gRPC raises to what this package raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import grpc
from google.rpc import error_details_pb2 as details_pb
from google.rpc import status_pb2
from grpc_status import rpc_status

from synthserve._checks import invalid
from synthserve._exceptions import (
    Cancelled,
    DeadlineExceeded,
    FieldViolation,
    InvalidRequest,
    ModelControlDisabled,
    ModelNotFound,
    ModelNotReady,
    PermissionDenied,
    PreconditionViolation,
    QuotaViolation,
    ResourceExhausted,
    ServerError,
    SynthserveError,
    Unauthenticated,
    Unavailable,
)
from synthserve._transport.reasons import unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from synthserve._transport.connection import Connection

_PLAIN: dict[grpc.StatusCode, type[SynthserveError]] = {
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
}

_BY_REASON: dict[str, type[SynthserveError]] = {
    "MODEL_CONTROL": ModelControlDisabled,
    "REPOSITORY_UNREADABLE": ServerError,
}
"""Reasons that say more than their code."""

_KINDS: tuple[type[Message], ...] = (
    details_pb.ErrorInfo,
    details_pb.BadRequest,
    details_pb.PreconditionFailure,
    details_pb.QuotaFailure,
    details_pb.ResourceInfo,
    details_pb.RetryInfo,
)
"""The details that are read."""

# gRPC's message for a call that this side has cancelled.
_CANCELLED_HERE = ("locally cancelled", "channel closed")

# gRPC's message for text after a scheme that it cannot parse; `checked_target` has checked the rest.
_BAD_TARGET = ("target uri is not valid", "failed to parse port", "host must not be empty", "unparsable name")


def error_from_rpc(error: grpc.RpcError, connection: Connection) -> SynthserveError:
    """Builds the typed error for a failed call.

    Args:
        error: What a call of `grpc` or `grpc.aio` raised.
        connection: How the server was to be reached, for the message.
    """
    # Every RpcError of grpc and grpc.aio has code, details and trailers, but the type stubs do not declare them.
    call = cast("grpc.Call", error)
    request_id = _request_id(call)
    typed = _typed(call, connection, request_id)
    if isinstance(typed, ServerError) or call.code() is grpc.StatusCode.OUT_OF_RANGE:
        # These types represent more than one status.
        typed.code = call.code().name
    typed.request_id = request_id
    return typed


def _typed(call: grpc.Call, connection: Connection, request_id: str) -> SynthserveError:
    code, target = call.code(), connection.target
    message = call.details() or code.name
    if code is grpc.StatusCode.INTERNAL and request_id:
        message = f"{message} (request {request_id})"
    details = _details(call)
    info = _detail(details, details_pb.ErrorInfo)
    reason, metadata = info.reason, dict(info.metadata)
    if connection.proxy and not reason and code is not grpc.StatusCode.UNAVAILABLE:
        # The answer may be that of the proxy.
        message = f"{message} (through the proxy {connection.proxy})"

    if not details and any(sign in message.lower() for sign in _BAD_TARGET):
        return invalid("target", f"{target!r} is not an address: {message}")
    if code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE):
        bad = _detail(details, details_pb.BadRequest)
        violations = [FieldViolation(v.field, v.description) for v in bad.field_violations]
        return InvalidRequest(message, violations=violations, reason=reason, metadata=metadata)
    if code is grpc.StatusCode.NOT_FOUND:
        resource = _detail(details, details_pb.ResourceInfo).resource_name
        return ModelNotFound(message, resource=resource, reason=reason, metadata=metadata)
    if code is grpc.StatusCode.UNAVAILABLE:
        return Unavailable(
            message if reason else unreachable(message, connection),
            retry_delay=_retry_delay(details),
            reason=reason,
            metadata=metadata,
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        quota = _detail(details, details_pb.QuotaFailure)
        quotas = [QuotaViolation(v.subject, v.description) for v in quota.violations]
        return ResourceExhausted(
            message, retry_delay=_retry_delay(details), violations=quotas, reason=reason, metadata=metadata
        )

    if code is grpc.StatusCode.FAILED_PRECONDITION and reason not in _BY_REASON:
        failure = _detail(details, details_pb.PreconditionFailure)
        broken = [PreconditionViolation(v.subject, v.description) for v in failure.violations]
        return ModelNotReady(message, violations=broken, reason=reason, metadata=metadata)
    if code is grpc.StatusCode.CANCELLED and not reason and not message.lower().startswith(_CANCELLED_HERE):
        # A server that shuts down, or a proxy, cancels calls. The caller did not, so the call may be tried again.
        return Unavailable(f"{target} dropped the call: {message}", reason=reason, metadata=metadata)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        message = f"what answers at {target} does not offer this synthserve API: {message}"
    kind = _BY_REASON.get(reason) or _PLAIN.get(code, ServerError)
    return kind(message, reason=reason, metadata=metadata)


def _request_id(call: grpc.Call) -> str:
    found = (value for key, value in call.trailing_metadata() or () if key == "x-request-id")
    return next((value for value in found if isinstance(value, str)), "")


def _details(call: grpc.Call) -> dict[type[Message], Message]:
    """The details by their kind, of which a server sends one each."""
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # a proxy changed the status and left the details of the old one
        status = None
    found: dict[type[Message], Message] = {}
    for packed in (status or status_pb2.Status()).details:
        for kind in _KINDS:
            message = kind()
            if packed.Unpack(message):
                found.setdefault(kind, message)
    return found


def _detail(details: Mapping[type[Message], Message], kind: type[Message]) -> Any:  # noqa: ANN401 - these have no types
    """The detail of a kind, an empty one where it did not come."""
    return details.get(kind) or kind()


def _retry_delay(details: Mapping[type[Message], Message]) -> float | None:
    if details_pb.RetryInfo not in details:
        return None
    delay = _detail(details, details_pb.RetryInfo).retry_delay
    return float(delay.seconds + delay.nanos / 1e9)
