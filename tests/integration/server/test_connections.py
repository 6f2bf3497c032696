"""What a connection may do: sizes, pings, age. The server is a process of its own, and lives on after each."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.rpc import error_details_pb2
from tests.fixtures.processes import ServerProcess, running_server
from tests.fixtures.statuses import detail

import synthserve
from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(small: Path, tmp_path: Path) -> Iterator[Serve]:
    with ExitStack() as servers:
        yield lambda *flags: servers.enter_context(running_server(small, tmp_path / "log.txt", *flags))


def models(address: str, *metadata: tuple[str, str]) -> int:
    """How many models a new connection is told."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = ModelServiceStub(channel)
        return len(stub.ListModels(model_pb2.ListModelsRequest(), metadata=metadata, timeout=30).models)


def test_what_is_too_large_is_refused_and_the_connection_lives(server_address: str) -> None:
    with grpc.insecure_channel(server_address) as channel:
        refuses_what_is_too_large(server_address, GenerationServiceStub(channel), ModelServiceStub(channel))


def refuses_what_is_too_large(address: str, stub: Any, everything: Any) -> None:
    for size, code in ((60_000, grpc.StatusCode.INVALID_ARGUMENT), (70_000, grpc.StatusCode.RESOURCE_EXHAUSTED)):
        with pytest.raises(grpc.RpcError) as caught:
            everything.GetModel(model_pb2.GetModelRequest(name="x" * size))
        assert caught.value.code() is code
    assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "REQUEST_TOO_LARGE"
    # Conditions can list many values.
    for size, code in ((1_000_000, grpc.StatusCode.INVALID_ARGUMENT), (1_100_000, grpc.StatusCode.RESOURCE_EXHAUSTED)):
        with pytest.raises(grpc.RpcError) as caught:
            next(stub.GenerateRows(generation_pb2.GenerateRowsRequest(model="x" * size)))
        assert caught.value.code() is code
    request = model_pb2.ListModelsRequest()
    assert everything.ListModels(request, metadata=(("x-long", "a" * 15_000),)).models
    with pytest.raises(grpc.RpcError) as caught:
        everything.ListModels(request, metadata=(("x-long", "a" * 17_000),))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert everything.ListModels(request).models
    # The SDK does not try again what would fail again.
    with synthserve.Client(address, retry=synthserve.RetryPolicy(initial_backoff=60, max_backoff=60)) as client:
        with pytest.raises(synthserve.ResourceExhausted) as raised:
            client.model("x" * 70_000)
        assert raised.value.retry_delay is None


def test_a_flood_of_pings_is_sent_away(server_address: str) -> None:
    host, _, port = server_address.rpartition(":")
    settings = b"\0\0\0\4\0\0\0\0\0"
    ping = b"\0\0\x08\x06\0\0\0\0\0" + b"flooding"
    got = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + ping * 20)
        # Until the server hangs up.
        try:
            while part := connection.recv(4096):
                got += part
        except ConnectionResetError:
            pass
    assert got.endswith(b"too_many_pings")
    assert models(server_address)


AGE = ("--max-connection-age-seconds", "0.5", "--grace-seconds", "0.2")
"""After so long, a tenth more or less, a connection and what is on it ends."""

PACE = ("--rows-per-second-per-caller", "2000")
"""Few rows have come until then."""

PATIENT = synthserve.RetryPolicy(start_attempts=1000, resume_attempts=1000, initial_backoff=0.01, max_backoff=0.1)
"""On a busy machine a connection can be too old before anything has come."""


def test_a_connection_that_is_too_old_ends_and_a_call_on_it_with_it(serve: Serve) -> None:
    server = serve(*AGE)
    with grpc.insecure_channel(server.address) as channel:
        stub: Any = GenerationServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            for _ in stub.GenerateRows(generation_pb2.GenerateRowsRequest(model="models/tiny-table")):
                pass
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    # The server is there for others.
    with synthserve.Client(server.address, retry=PATIENT) as client:
        assert client.models()


async def test_streams_of_the_sdk_outlive_their_connections(
    serve: Serve, server_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    server = serve(*AGE, *PACE)

    def has_gone_on(index: int) -> bool:
        """Whether the stream broke after some rows had come, and rows have come since."""
        breaks = [record.args for record in caplog.records if record.name == "synthserve"]
        places = [int(str(arguments[0])) for arguments in breaks if isinstance(arguments, tuple)]
        return any(0 < broke_at < index for broke_at in places)

    tables = []
    with synthserve.Client(server.address, retry=PATIENT) as client:
        batches = []
        for batch in client.rows("tiny-table", seed=7).batches():
            batches.append(batch)
            if has_gone_on(sum(one.num_rows for one in batches)):
                break
        tables.append(pa.Table.from_batches(batches))
    assert "no server at" not in caplog.text
    caplog.clear()
    async with synthserve.AsyncClient(server.address, retry=PATIENT) as aclient:
        batches = []
        async for batch in aclient.rows("tiny-table", seed=7).batches():
            batches.append(batch)
            if has_gone_on(sum(one.num_rows for one in batches)):
                break
        tables.append(pa.Table.from_batches(batches))
    with synthserve.Client(server_address) as reference:
        for table in tables:
            wanted = reference.rows("tiny-table@1", count=table.num_rows, seed=7).to_arrow()
            assert table.replace_schema_metadata().equals(wanted.replace_schema_metadata())
