"""How long the server takes from the start of its process until it says SERVING.

    python -m tests.benchmarks.startup --starts 7

The health service is asked as soon as the port listens. Files are in the system's cache from the first start on, which
is therefore not counted. Printed are the median, the shortest and the longest start.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from scripts.server_process import COMMAND
from tests.benchmarks.servers import free_port, listens, stop
from tests.fixtures import commands

LIMIT_SECONDS = 60.0
LOOK_SECONDS = 0.005


def main() -> None:
    """Measures, and prints a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--starts", type=commands.count, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.txt"
        seconds = [start(arguments.model_repository, log) for _ in range(arguments.starts + 1)][1:]
    packages = len(list(arguments.model_repository.glob("*/*/manifest.json")))
    print(
        f"from start to SERVING, {packages} packages: {statistics.median(seconds):.2f} s "
        f"({min(seconds):.2f}–{max(seconds):.2f}, {len(seconds)} starts)"
    )


def start(repository: Path, log: Path) -> float:
    """Starts a server, and returns the seconds until it serves.

    Raises:
        RuntimeError: It does not.
    """
    port = free_port()
    flags = ["--model-repository", str(repository), "--listen", f"127.0.0.1:{port}", "--device", "cpu"]
    with log.open("w") as output:
        started = time.perf_counter()
        process = subprocess.Popen([*COMMAND, *flags], stdout=output, stderr=output, start_new_session=True)
    try:
        while time.perf_counter() - started < LIMIT_SECONDS and process.poll() is None:
            if listens(port) and serving(port):
                return time.perf_counter() - started
            time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"the server does not serve:\n{log.read_text()[-2000:]}")
    finally:
        stop(process)


def serving(port: int) -> bool:
    """Whether the server on a port says that it serves."""
    # A new channel each time: one that was refused would wait before it tries again.
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=5)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    commands.run(main)
