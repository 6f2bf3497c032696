"""What each signal does to a real server."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures.processes import SERVER, ServerProcess, log_with, running_server
from tests.fixtures.serving import wait_until

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub


def rows(channel: grpc.Channel, **fields: Any) -> Any:
    return GenerationServiceStub(channel).GenerateRows(
        generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, **fields)
    )


def serves(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        serving: bool = stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        return serving


def test_a_hangup_drains(small: Path, tmp_path: Path) -> None:
    with (
        running_server(small, tmp_path / "log.txt", "--grace-seconds", "60") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        call = rows(channel, count=1_000_000)
        got = next(call).row_count
        server.process.send_signal(signal.SIGHUP)
        log_with(server, "draining")
        assert got + sum(answer.row_count for answer in call) == 1_000_000
        assert server.process.wait() == 0


def test_a_quit_ends_calls_at_once(small: Path, tmp_path: Path) -> None:
    with (
        running_server(small, tmp_path / "log.txt", "--grace-seconds", "3600") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        call = rows(channel)
        next(call)
        server.process.send_signal(signal.SIGQUIT)
        with pytest.raises(grpc.RpcError) as caught:
            list(call)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert server.process.wait() == 1


def test_signals_without_a_meaning_end_nothing(small: Path, tmp_path: Path) -> None:
    with running_server(small, tmp_path / "log.txt") as server:
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            server.process.send_signal(number)
        assert serves(server.address)
        server.process.terminate()
        assert server.process.wait() == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("mode", ["none", "poll"])
def test_under_nohup_a_server_outlives_its_terminal(small: Path, tmp_path: Path, mode: str) -> None:
    file = tmp_path / "port"
    settings = ["--model-repository", str(small), "--listen", "127.0.0.1:0", "--port-file", str(file)]
    with subprocess.Popen(
        ["nohup", *SERVER, *settings, "--model-control-mode", mode],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(lambda: file.exists() or process.poll() is not None)
        process.send_signal(signal.SIGHUP)
        assert serves(f"127.0.0.1:{file.read_text().strip()}")
        process.terminate()
        assert process.wait() == 0


def test_encoding_processes_leave_signals_to_the_server(small: Path, tmp_path: Path) -> None:
    def images(server: ServerProcess) -> int:
        with grpc.insecure_channel(server.address) as channel:
            request = generation_pb2.GenerateImagesRequest(model="models/tiny-grey", seed=7, count=500)
            return sum(len(answer.images) for answer in GenerationServiceStub(channel).GenerateImages(request))

    with running_server(small, tmp_path / "log.txt", "--encoding-processes", "1") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        wait_until(lambda: images(server) == 500 and bool(children.read_text().split()))
        (child,) = children.read_text().split()
        status = Path(f"/proc/{child}/status")
        names = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
        wanted = sum(1 << (getattr(signal, name) - 1) for name in names)

        def ignored() -> int:
            (line,) = [line for line in status.read_text().splitlines() if line.startswith("SigIgn:")]
            return int(line.split()[1], 16)

        wait_until(lambda: ignored() & wanted == wanted)
