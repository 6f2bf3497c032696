"""Converts exceptions to gRPC statuses with `google.rpc` details. No other module does."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from synthserve_core.errors import CancelledWorkError
from synthserve_core.quoting import shortened
from synthserve_server import errors
from synthserve_server.errors import LONGEST_MESSAGE, ServiceError

DOMAIN = "synthserve"
"""The domain of every ErrorInfo."""

_LONGEST_VIOLATIONS = 2400
"""The most bytes of all descriptions in a BadRequest."""


def status_code(error: Exception) -> grpc.StatusCode:
    """The status code for an exception."""
    return _answer(error).code


def to_status(error: Exception) -> status_pb2.Status:
    """The status for an exception. That of an unexpected exception reveals nothing about it."""
    answer = _answer(error)
    details: list[Message] = [answer.details(error)] if isinstance(error, ServiceError) and answer.details else []
    if isinstance(error, ServiceError):
        message = shortened(str(error), LONGEST_MESSAGE)
        info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata())
        if (seconds := getattr(error, "retry_seconds", None)) is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromMilliseconds(math.ceil(seconds * 1000))
            details.append(retry)
    elif isinstance(error, CancelledWorkError):
        message = "the call was cancelled"
        info = error_details_pb2.ErrorInfo(reason="CANCELLED", domain=DOMAIN)
    else:
        message = "the server failed; see its log"
        info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
    return status_pb2.Status(
        code=_number(answer.code), message=message, details=[_packed(detail) for detail in (info, *details)]
    )


def pushback(status: status_pb2.Status) -> tuple[tuple[str, str], ...]:
    """The trailer with the retry delay for gRPC's own retries, which do not read RetryInfo."""
    retry = error_details_pb2.RetryInfo()
    if any(detail.Unpack(retry) for detail in status.details):
        return (("grpc-retry-pushback-ms", str(retry.retry_delay.ToMilliseconds())),)
    return ()


def _bad_request(error: Any) -> Any:  # noqa: ANN401 - the type that the table assigns it to
    request = error_details_pb2.BadRequest()
    left = _LONGEST_VIOLATIONS
    for violation in error.violations:
        description = shortened(violation.description, left)
        left -= len(description.encode())
        request.field_violations.add(field=violation.field, description=description)
    return request


def _resource(error: Any) -> Any:  # noqa: ANN401 - the type that the table assigns it to
    return error_details_pb2.ResourceInfo(
        resource_type="synthserve.v1.Model", resource_name=error.name, description="not found"
    )


def _model_state(error: Any) -> Any:  # noqa: ANN401 - the type that the table assigns it to
    violation = error_details_pb2.PreconditionFailure.Violation(
        type="MODEL_STATE", subject=error.name, description=error.why
    )
    return error_details_pb2.PreconditionFailure(violations=[violation])


def _quota(error: Any) -> Any:  # noqa: ANN401 - the type that the table assigns it to
    subject = "server" if error.caller is None else f"caller:{error.caller}"
    violation = error_details_pb2.QuotaFailure.Violation(subject=subject, description=error.quota)
    return error_details_pb2.QuotaFailure(violations=[violation])


@dataclass(frozen=True)
class _Answer:
    code: grpc.StatusCode
    details: Callable[[Any], Any] | None = None


_ANSWERS: Mapping[type[Exception], _Answer] = {
    errors.InvalidRequestError: _Answer(grpc.StatusCode.INVALID_ARGUMENT, _bad_request),
    errors.RequestTooLargeError: _Answer(grpc.StatusCode.RESOURCE_EXHAUSTED),
    errors.UndeclaredMethodError: _Answer(grpc.StatusCode.UNIMPLEMENTED),
    errors.ModelNotFoundError: _Answer(grpc.StatusCode.NOT_FOUND, _resource),
    errors.ModelFailedError: _Answer(grpc.StatusCode.FAILED_PRECONDITION, _model_state),
    errors.ModelLoadingError: _Answer(grpc.StatusCode.UNAVAILABLE),
    errors.ModelUnloadingError: _Answer(grpc.StatusCode.FAILED_PRECONDITION, _model_state),
    errors.ModelControlError: _Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.RepositoryError: _Answer(grpc.StatusCode.FAILED_PRECONDITION),
    errors.PermissionDeniedError: _Answer(grpc.StatusCode.PERMISSION_DENIED),
    errors.UnauthenticatedError: _Answer(grpc.StatusCode.UNAUTHENTICATED),
    errors.ExpiredTokenError: _Answer(grpc.StatusCode.UNAUTHENTICATED),
    errors.KeysUnavailableError: _Answer(grpc.StatusCode.UNAVAILABLE),
    errors.IndicesExhaustedError: _Answer(grpc.StatusCode.OUT_OF_RANGE),
    errors.ShuttingDownError: _Answer(grpc.StatusCode.UNAVAILABLE),
    errors.LimitExceededError: _Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, _quota),
    CancelledWorkError: _Answer(grpc.StatusCode.CANCELLED),
}
"""The status of each exception; all others are INTERNAL."""


def _answer(error: Exception) -> _Answer:
    return _ANSWERS.get(type(error), _Answer(grpc.StatusCode.INTERNAL))


def _packed(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _number(code: grpc.StatusCode) -> int:
    value: Any = code.value
    return int(value[0])
