"""Which ports a server takes, and that no two share one."""

import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.fixtures.processes import SERVER, ServerProcess, log_with, running_server


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def refused(repository: Path, *flags: str) -> str:
    """What a server says that does not start."""
    done = subprocess.run(
        [*SERVER, "--model-repository", str(repository), "--device", "cpu", "--log-format", "json", *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    return line.removeprefix("synthserve-server: ")


def port_of(server: ServerProcess) -> int:
    return int(server.address.rpartition(":")[2])


def serves(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        serving: bool = stub.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        return serving


def local() -> list[str]:
    """What `localhost` means on this machine."""
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "[::1]"]


def test_localhost_is_served_at_every_address_of_it_or_not_at_all(empty: Path, tmp_path: Path) -> None:
    flags = ("--listen", "LOCALHOST:0", "--metrics-listen", "localhost:0")
    with running_server(empty, tmp_path / "log.txt", *flags) as server:
        port = port_of(server)
        assert all(serves(f"{host}:{port}") for host in local())
        (metrics,) = [line for line in log_with(server, "showing metrics").splitlines() if "showing metrics" in line]
        metrics_port = metrics.rpartition("port=")[2].split()[0]
        for host in local():
            with urllib.request.urlopen(f"http://{host}:{metrics_port}/metrics") as answer:
                assert b"synthserve_build_info" in answer.read()
        for taken in (f"127.0.0.1:{port}", f"localhost:{port}", f"{local()[-1]}:{port}"):
            assert refused(empty, "--listen", taken).startswith(f"cannot listen on {taken}: the port is taken: ")
        for taken in (f"127.0.0.1:{metrics_port}", f"0.0.0.0:{metrics_port}"):
            why = refused(empty, "--listen", "127.0.0.1:0", "--metrics-listen", taken, "--metrics-insecure")
            assert why.startswith(f"cannot listen on {taken}: the port is taken: ")
            assert why.endswith("; metrics were to be read there")


def test_a_server_on_localhost_takes_no_calls_of_one_that_is_there(empty: Path, tmp_path: Path) -> None:
    with running_server(empty, tmp_path / "log.txt") as server:
        port = port_of(server)
        for host in ("localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):  # noqa: S104 - it does not come to that
            assert "the port is taken: stop the program that listens on it" in refused(
                empty, "--listen", f"{host}:{port}", "--insecure"
            )
        assert serves(server.address)


def test_metrics_and_calls_have_ports_of_their_own(empty: Path) -> None:
    with socket.socket() as drawn:
        drawn.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{drawn.getsockname()[1]}"
    why = refused(empty, "--listen", address, "--metrics-listen", address)
    assert why.startswith(f"cannot listen on {address}: the port is taken: ")
    assert why.endswith("; metrics were to be read there")


@pytest.mark.parametrize("host", local()[1:])
def test_an_ipv6_address_needs_no_brackets(empty: Path, tmp_path: Path, host: str) -> None:
    bare = host.strip("[]")
    with running_server(
        empty, tmp_path / "log.txt", "--listen", f"{bare}:0", "--metrics-listen", f"{bare}:0"
    ) as server:
        assert serves(f"{host}:{port_of(server)}")
        server.process.terminate()
        assert server.process.stdout is not None
        assert server.process.stdout.read().startswith(f"synthserve-server: serving on {host}:{port_of(server)}\n")


def test_addresses_of_others_are_refused_with_the_system_s_reason(empty: Path) -> None:
    assert refused(empty, "--listen", "192.0.2.1:50051", "--insecure") == (
        "cannot listen on 192.0.2.1:50051: this machine does not have the address (Cannot assign requested address)"
    )
    assert refused(empty, "--listen", "a..b:50051", "--insecure").startswith(
        "cannot listen on a..b:50051: cannot find the host a..b: "
    )
