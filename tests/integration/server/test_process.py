"""The command `synthserve-server` as an operator sees it."""

# Requests of all kinds.

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures.processes import SERVER, ServerProcess, running_server
from tests.fixtures.statuses import violations

from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub


@pytest.fixture
def server(small: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(small, tmp_path / "log.txt", "--grace-seconds", "60", "--log-format", "json") as server:
        yield server


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SERVER, *flags], capture_output=True, text=True, check=False)


def rows(**fields: Any) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, **fields)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_the_process_exits_0(server: ServerProcess, number: signal.Signals) -> None:
    with grpc.insecure_channel(server.address) as channel:
        stub = GenerationServiceStub(channel)
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        call = stub.GenerateRows(rows(count=2_000_000))
        got = next(call).row_count
        server.process.send_signal(number)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        server.process.terminate()  # once more: it changes nothing
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.GenerateRows(rows(count=1)))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert got + sum(response.row_count for response in call) == 2_000_000
        # The watch is still open.
        assert server.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupt_ends_the_draining(server: ServerProcess, number: signal.Signals) -> None:
    with grpc.insecure_channel(server.address) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        next(watch)
        call = GenerationServiceStub(channel).GenerateRows(rows())
        next(call)
        server.process.send_signal(number)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert server.process.wait() == 1


def test_each_finished_stream_leaves_one_line(server: ServerProcess) -> None:
    traced = "4bf92f3577b34da6a3ce929d0e0e4736"
    metadata = (("x-request-id", "mine-1"), ("traceparent", f"00-{traced}-00f067aa0ba902b7-01"))
    with grpc.insecure_channel(server.address) as channel:
        list(GenerationServiceStub(channel).GenerateRows(rows(count=1000, offset=5), metadata=metadata))
    server.process.terminate()
    assert server.process.wait() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [line for line in lines if line["event"] == "stream finished"]
    assert line.pop("seconds") >= 0
    assert line.pop("timestamp")
    assert line.pop("peer").startswith("ipv4:127.0.0.1:")
    assert line == {
        "event": "stream finished",
        "level": "info",
        "principal": "anybody",
        "model": "tiny-table",
        "version": 1,
        "seed": 7,
        "offset": 5,
        "count": 1000,
        "samples": 1000,
        "code": "OK",
        "request_id": "mine-1",
        "trace_id": traced,
    }


def test_a_port_that_is_taken_is_one_clear_line(small: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run("--model-repository", str(small), "--listen", address, "--log-format", "json")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    advice = "the port is taken: stop the program that listens on it, or choose another (Address already in use)"
    assert errors == [f"synthserve-server: cannot listen on {address}: {advice}"]
    assert done.stdout == ""


def test_two_servers_do_not_share_a_port(server: ServerProcess, small: Path) -> None:
    done = run("--model-repository", str(small), "--listen", server.address)
    assert done.returncode == 1
    assert "the port is taken" in done.stderr


def test_the_port_file_and_the_hints(small: Path, tmp_path: Path) -> None:
    with running_server(small, tmp_path / "log.txt", "--hints", "--client-command", "./synthserve") as server:
        server.process.terminate()
        assert server.process.stdout is not None
        printed = server.process.stdout.read().splitlines()
        assert server.process.wait() == 0
    assert server.port_file.read_text() == server.address.rpartition(":")[2] + "\n"
    assert printed[0] == f"synthserve-server: serving on {server.address}"
    assert f"  ./synthserve rows tiny-table --count 1000 --seed 7 -o rows.csv --server {server.address}" in printed
    assert f"  grpcurl -plaintext {server.address} list" in printed


def test_settings_from_a_file(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("max_count = 10\n")
    with (
        running_server(small, tmp_path / "log.txt", "--config", str(file)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        stub = GenerationServiceStub(channel)
        assert sum(response.row_count for response in stub.GenerateRows(rows(count=10))) == 10
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.GenerateRows(rows(count=11)))
        assert list(violations(caught.value)) == ["count"]


def test_an_empty_repository_is_served(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    with (
        running_server(tmp_path / "models", tmp_path / "log.txt") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        assert not ModelServiceStub(channel).ListModels(model_pb2.ListModelsRequest()).models


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "synthserve-server: model_repository: Field required"),
        (
            ["--model-repository", "/does/not/exist"],
            "synthserve-server: model_repository: Path does not point to a directory",
        ),
        (
            ["--model-repository", "/", "--workers", "0"],
            "synthserve-server: workers: Input should be greater than or equal to 1",
        ),
        (["--model-repository", "/", "--listen", "here"], "synthserve-server: listen: must be HOST:PORT"),
        (
            ["--model-repository", "/", "--port-file", "/does/not/exist/port"],
            "synthserve-server: port_file: there is no folder /does/not/exist",
        ),
    ],
)
def test_bad_settings_are_one_clear_line(flags: list[str], line: str) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [line]


def test_a_port_file_that_cannot_be_written_is_one_clear_line(small: Path, tmp_path: Path) -> None:
    (tmp_path / "port.new").mkdir()
    flags = ["--port-file", str(tmp_path / "port"), "--listen", "127.0.0.1:0", "--log-format", "json"]
    done = run("--model-repository", str(small), *flags)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert errors == [f"synthserve-server: cannot write the port file: Is a directory: {tmp_path / 'port.new'}"]


def test_a_bug_shows_a_plain_traceback(small: Path) -> None:
    imports = "from synthserve_server import app; from synthserve_server.commands import serve"
    program = f"{imports}; app.Server = None; serve.main()"
    command = [sys.executable, "-c", program, "--model-repository", str(small)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.splitlines()[-1] == "TypeError: 'NoneType' object is not callable"
    assert "╭" not in done.stderr


def test_version() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("synthserve-server ")
