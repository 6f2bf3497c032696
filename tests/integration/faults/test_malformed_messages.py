"""Bytes that are no message, or nearly one, for every method that the server offers: refused, never INTERNAL.

Which methods there are is asked of the server itself, so that a new one is not forgotten here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.fixtures.conditions import equal
from tests.fixtures.processes import ServerProcess, running_server

from synthserve.v1 import generation_pb2, model_pb2

SECONDS = 60
"""How long a call may take before it counts as hanging."""

VALID: list[Any] = [
    generation_pb2.GenerateRowsRequest(
        model="models/tiny-table/versions/1",
        count=5,
        seed=7,
        offset=3,
        conditions=equal({"species": "setosa"}),
        format=generation_pb2.ROW_FORMAT_ARROW,
        rows_per_message=2,
    ),
    generation_pb2.GenerateImagesRequest(model="models/tiny-grey", count=3, seed=1, images_per_message=2),
    model_pb2.GetModelRequest(name="models/tiny-table"),
    model_pb2.ListModelsRequest(page_size=1, page_token="x"),  # noqa: S106 - no password
]

# What gRPC itself says of bytes that it cannot read is UNKNOWN, for its own services.
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}


@pytest.fixture(scope="module")
def server(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(small, tmp_path_factory.mktemp("malformed") / "log.txt", "--workers", "2") as server:
        yield server


@pytest.fixture(scope="module")
def methods(server: ServerProcess) -> list[tuple[str, bool, bool]]:
    """Each method, and whether requests and responses are streams."""
    with grpc.insecure_channel(server.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        pool = DescriptorPool(database)
        return [
            (f"/{name}/{method.name}", method.client_streaming, method.server_streaming)
            for name in database.get_services()
            for method in pool.FindServiceByName(name).methods
        ]


def mutated(data: bytes, edits: list[tuple[int, int, int]]) -> bytes:
    """A message with bytes replaced, taken away and doubled."""
    changed = bytearray(data)
    for place, kind, value in edits:
        at = place % (len(changed) + 1)
        if kind == 0 and at < len(changed):
            changed[at] = value
        elif kind == 1:
            del changed[at : at + value % 8]
        elif kind == 2:
            changed[at:at] = changed[at : at + value % 8] or bytes([value])
        else:
            changed[at:at] = bytes([value])
    return bytes(changed)


EDITS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.integers(0, 255)), max_size=6)
REQUESTS = st.binary(max_size=300) | st.builds(
    mutated, st.sampled_from([message.SerializeToString() for message in VALID]), EDITS
)


def outcome(channel: grpc.Channel, method: tuple[str, bool, bool], request: bytes) -> grpc.StatusCode:
    """What becomes of a request; of what is streamed, no more than a few messages are read."""
    name, takes_many, gives_many = method
    calling: Any = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[takes_many, gives_many](name)
    sent = iter([request]) if takes_many else request
    try:
        if not gives_many:
            calling(sent, timeout=SECONDS)
            return grpc.StatusCode.OK
        call = calling(sent, timeout=SECONDS)
        for number, _ in enumerate(call):
            if number == 2 or name.endswith("/Watch"):
                call.cancel()
                return grpc.StatusCode.OK
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=REQUESTS)
@example(request=b"\xff\xff\xff\xff")
@example(request=b"\x0a\xff\xff\xff\xff\x0f")  # a string of 4 GiB
@example(request=b"\x0a\x02\xc3\x28")  # that is not UTF-8
@example(request=b"\x0b" * 200)  # groups in groups
def test_every_method_answers_or_refuses(
    server: ServerProcess, methods: list[tuple[str, bool, bool]], request: bytes
) -> None:
    with grpc.insecure_channel(server.address) as channel:
        for method in methods:
            found = outcome(channel, method, request)
            allowed = REFUSALS | ({grpc.StatusCode.UNKNOWN} if method[0].startswith("/grpc.") else set())
            assert found is grpc.StatusCode.OK or found in allowed, (method[0], request)


def test_nothing_is_left_of_it(server: ServerProcess, methods: list[tuple[str, bool, bool]]) -> None:
    assert {name for name, *_ in methods} >= {
        "/synthserve.v1.GenerationService/GenerateRows",
        "/synthserve.v1.GenerationService/GenerateImages",
        "/synthserve.v1.ModelService/ListModels",
        "/synthserve.v1.ModelService/GetModel",
        "/grpc.health.v1.Health/Check",
    }
    assert server.process.poll() is None
    assert "call failed" not in server.log.read_text()
