"""Opens very many short connections, and looks at what the server keeps of them.

    python -m tests.load.connections --connections 10_000

Most make one call, some none, some end in the middle of a stream, some are no HTTP/2 at all. Exits with 1 when the
server holds more file descriptors or threads than before, or its memory grew by more than 32 MiB after the first tenth.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import psutil
from scripts.server_process import running_server
from tests.fixtures import commands, http2, packages
from tests.fixtures.http2 import Connection

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

MIB = 1 << 20
ALLOWED_MIB = 32.0
ALLOWED_THREADS = 4
"""gRPC's own pool comes and goes."""

_ROWS = "/synthserve.v1.GenerationService/GenerateRows"
_REQUEST = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=10)
_ENDLESS = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7).SerializeToString()


def one_call(address: str) -> None:
    """A client that makes a call."""
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        for response in GenerationServiceStub(channel).GenerateRows(_REQUEST):
            if response.row_count != _REQUEST.count:
                raise AssertionError(response)


def nothing(address: str) -> None:
    """A client that connects and leaves."""
    with Connection(address, greet=False):
        pass


def greeting(address: str) -> None:
    """A client that says hello and leaves."""
    with Connection(address):
        pass


def broken_stream(address: str) -> None:
    """A client that vanishes in the middle of a stream."""
    with Connection(address) as connection:
        connection.send(http2.call(1, http2.call_headers(_ROWS), _ENDLESS))
        connection.read_until(http2.DATA)
        connection.vanish()


def nonsense(address: str) -> None:
    """A client that takes the server for another one."""
    with Connection(address, greet=False) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")


KINDS: list[Callable[[str], None]] = [one_call, nothing, one_call, greeting, one_call, broken_stream, nonsense]


def connect(address: str, count: int) -> Iterator[int]:
    """Opens so many connections, one after the other; yields how many have been."""
    for number in range(count):
        KINDS[number % len(KINDS)](address)
        yield number + 1


def leaks(address: str, process: psutil.Process, count: int) -> list[str]:
    """Opens connections, prints the progress, and returns what the server keeps."""
    warm_up = max(count // 10, 10 * len(KINDS))
    for _ in connect(address, warm_up):
        pass
    before = process.memory_info().rss / MIB
    time.sleep(0.5)
    descriptors, threads = process.num_fds(), process.num_threads()
    started = time.monotonic()
    for done in connect(address, count):
        if done % max(count // 10, 1) == 0:
            seconds = time.monotonic() - started
            print(f"{done:>9,} connections  {process.memory_info().rss / MIB:8.1f} MiB  {seconds:7.1f} s", flush=True)
    end = time.monotonic() + 30

    def found() -> list[str]:
        held, running = process.num_fds(), process.num_threads()
        grown = process.memory_info().rss / MIB - before
        several = []
        if held > descriptors:
            several.append(f"{held} file descriptors, {descriptors} before")
        if running > threads + ALLOWED_THREADS:
            several.append(f"{running} threads, {threads} before")
        if grown > ALLOWED_MIB:
            several.append(f"{grown:.1f} MiB more than before")
        return several

    # gRPC's own threads come when it is busy, and go some time later.
    while found() and time.monotonic() < end:
        time.sleep(0.05)
    return found()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=commands.count, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "models"
        packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
        with running_server(root, Path(folder) / "log.txt", "--device", "cpu") as server:
            found = leaks(server.address, psutil.Process(server.process.pid), arguments.connections)
    print("\n".join(found) or "nothing is left of them")
    return int(bool(found))


if __name__ == "__main__":
    commands.run(main)
