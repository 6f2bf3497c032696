"""The peers as processes: where each is installed, what it can serve, how it is started and stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.plans import Transport

ROOT = Path(__file__).resolve().parents[2]

START_SECONDS = 90.0
STOP_SECONDS = 10.0


@dataclass(frozen=True)
class Peer:
    """A server to compare with."""

    name: str
    environment: str
    """The virtual environment that it is installed in, a folder of the repository; `make bench` fills it."""
    module: str
    """Of `tests.benchmarks.peers`."""
    transport: Transport
    forms: frozenset[str]
    """The formats that it can send."""
    flags: tuple[str, ...] = ()
    streams: bool = False
    """Whether it can send a job in pieces, as it makes them."""

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return ROOT / self.environment / "bin" / "python"


# Bare columns are compared with Arrow too: they are the same values, and cost a peer less than Arrow would.
RAW = frozenset({"typed", "arrow", "png"})
TEXT = frozenset({"csv", "jsonl", "png"})
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

PEERS = (
    Peer("fastapi-raw", ".venv-peers", "fastapi_raw", Transport.HTTP, RAW, streams=True),
    Peer(
        "fastapi-raw-workers",
        ".venv-peers",
        "fastapi_raw",
        Transport.HTTP,
        RAW,
        flags=("--workers", str(CORES)),
        streams=True,
    ),
    Peer("fastapi-pandas", ".venv-peers", "fastapi_pandas", Transport.HTTP, TEXT),
    Peer("kserve", ".venv-peers", "kserve_grpc", Transport.GRPC_UNARY, RAW),
    Peer("mlserver", ".venv-peers-mlserver", "mlserver_grpc", Transport.GRPC_UNARY, RAW),
    Peer("litserve", ".venv-peers", "litserve_raw", Transport.HTTP, RAW),
)


@dataclass(frozen=True)
class PeerProcess:
    """A peer that listens."""

    pid: int
    address: str


@contextmanager
def running_peer(peer: Peer, repository: Path, log: Path) -> Iterator[PeerProcess]:
    """Starts a peer on a free port of 127.0.0.1, and makes sure that it and its children are gone afterwards.

    Raises:
        RuntimeError: It is not installed or did not start; the message says why.
    """
    if not peer.python.exists():
        raise RuntimeError(f"{peer.environment} is not there; make {peer.environment}/.done installs it")
    port = free_port()
    command = [str(peer.python), "-m", f"tests.benchmarks.peers.{peer.module}", str(repository.resolve()), str(port)]
    with log.open("w") as output:
        # In a session of its own, so that Ctrl-C reaches this process alone, and children are found by their group.
        process = subprocess.Popen(
            [*command, *peer.flags], cwd=ROOT, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{peer.name} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield PeerProcess(process.pid, f"127.0.0.1:{port}")
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads its session, and all in its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    # What is left, children of a server that did not take them along above all.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody listens on a port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
