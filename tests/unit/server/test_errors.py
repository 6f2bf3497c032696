from pathlib import Path

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2

from synthserve_core.errors import CancelledWorkError, GraphError
from synthserve_core.quoting import quoted
from synthserve_server.errors import (
    ExpiredTokenError,
    IndicesExhaustedError,
    InvalidRequestError,
    KeysUnavailableError,
    LimitExceededError,
    ModelControlError,
    ModelFailedError,
    ModelLoadingError,
    ModelNotFoundError,
    ModelUnloadingError,
    PermissionDeniedError,
    RepositoryError,
    RequestTooLargeError,
    ServiceError,
    ShuttingDownError,
    UnauthenticatedError,
    UndeclaredMethodError,
    Violation,
)
from synthserve_server.status import status_code, to_status

HUGE = "é" * 100_000
ERRORS: list[tuple[Exception, int, str, list[str]]] = [
    (
        InvalidRequestError([Violation(quoted(HUGE), HUGE)] * 100),
        code_pb2.INVALID_ARGUMENT,
        "INVALID_REQUEST",
        ["BadRequest"],
    ),
    (RequestTooLargeError(9, 8), code_pb2.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", []),
    (UndeclaredMethodError(HUGE), code_pb2.UNIMPLEMENTED, "UNDECLARED_METHOD", []),
    (ModelNotFoundError("models/x", [HUGE] * 1000), code_pb2.NOT_FOUND, "MODEL_NOT_FOUND", ["ResourceInfo"]),
    (ModelFailedError("models/x", HUGE), code_pb2.FAILED_PRECONDITION, "MODEL_FAILED", ["PreconditionFailure"]),
    (ModelLoadingError("models/x"), code_pb2.UNAVAILABLE, "MODEL_LOADING", ["RetryInfo"]),
    (ModelUnloadingError("models/x"), code_pb2.FAILED_PRECONDITION, "MODEL_UNLOADING", ["PreconditionFailure"]),
    (ModelControlError("none", "explicit"), code_pb2.FAILED_PRECONDITION, "MODEL_CONTROL", []),
    (RepositoryError("gone"), code_pb2.FAILED_PRECONDITION, "REPOSITORY_UNREADABLE", []),
    (PermissionDeniedError("admin"), code_pb2.PERMISSION_DENIED, "PERMISSION_DENIED", []),
    (UnauthenticatedError(wrong=True), code_pb2.UNAUTHENTICATED, "UNAUTHENTICATED", []),
    (ExpiredTokenError(), code_pb2.UNAUTHENTICATED, "TOKEN_EXPIRED", []),
    (KeysUnavailableError(), code_pb2.UNAVAILABLE, "KEYS_UNAVAILABLE", ["RetryInfo"]),
    (IndicesExhaustedError(5), code_pb2.OUT_OF_RANGE, "INDICES_EXHAUSTED", []),
    (ShuttingDownError(), code_pb2.UNAVAILABLE, "SHUTTING_DOWN", ["RetryInfo"]),
    (
        LimitExceededError(HUGE, "max_streams_per_caller", 4, 1.0),
        code_pb2.RESOURCE_EXHAUSTED,
        "LIMIT_EXCEEDED",
        ["QuotaFailure", "RetryInfo"],
    ),
    (CancelledWorkError(), code_pb2.CANCELLED, "CANCELLED", []),
    (GraphError("a secret"), code_pb2.INTERNAL, "INTERNAL", []),
    (KeyError("a secret"), code_pb2.INTERNAL, "INTERNAL", []),
]


@pytest.mark.parametrize(("error", "code", "reason", "details"), ERRORS, ids=[type(e).__name__ for e, *_ in ERRORS])
def test_status(error: Exception, code: int, reason: str, details: list[str]) -> None:
    status = to_status(error)
    assert status.code == code
    first, *others = status.details
    info = error_details_pb2.ErrorInfo()
    assert first.Unpack(info)
    assert (info.domain, info.reason) == ("synthserve", reason)
    assert [detail.type_url.removeprefix("type.googleapis.com/google.rpc.") for detail in others] == details
    assert "secret" not in str(status)
    # gRPC sends the message percent-encoded and the status in base64; peers accept 8 KiB of headers.
    encoded = sum(1 if byte < 128 else 3 for byte in status.message.encode())
    assert encoded + status.ByteSize() * 4 / 3 < 7500


def test_the_table_in_the_documentation_is_this_one() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text().partition("## Errors")[2].splitlines()
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| `")]
    told = {(status, reason, details.partition(":")[0]) for status, reason, details, _ in table}
    real = {
        (f"`{code_pb2.Code.Name(code)}`", f"`{reason}`", ", ".join(f"`{name}`" for name in details))
        for _, code, reason, details in ERRORS
    }
    assert told == real
    # And no kind of error is missing here.
    assert {type(error) for error, *_ in ERRORS} >= set(ServiceError.__subclasses__())


def test_the_code_of_what_nobody_expected_is_internal() -> None:
    assert status_code(ZeroDivisionError()) is grpc.StatusCode.INTERNAL


def test_a_model_that_is_not_there_suggests_one_that_is() -> None:
    known = [f"models/{one}" for one in ("adhd-vae", "iris-vae", "mnist-dcgan", "mnist-dcgan-ema")]
    assert str(ModelNotFoundError("models/iris-vea", known)).startswith(
        "there is no models/iris-vea; did you mean models/iris-vae?; known are: models/adhd-vae, "
    )
    assert "did you mean" not in str(ModelNotFoundError("models/flowers", known))
    versions = [f"models/iris-vae/versions/{number}" for number in (1, 2)]
    assert "did you mean" not in str(ModelNotFoundError("models/iris-vae/versions/3", versions))
