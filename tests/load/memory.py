"""Streams very many rows to a client that throws them away, and watches the server's memory.

    python -m tests.load.memory --model-repository exported --model iris-vae --rows 100_000_000

Exits with 1 when the server's resident memory grows by more than 50 MiB after the first million rows.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
from scripts.server_process import running_server
from tests.fixtures import commands

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

MIB = 1 << 20
WARM_ROWS = 1_000_000
ALLOWED_MIB = 50.0


def resident_memory(address: str, process: psutil.Process, model: str, rows: int) -> Iterator[tuple[int, float]]:
    """Streams rows as columns; yields, about every million rows, how many came and the server's memory in MiB."""
    with grpc.insecure_channel(address) as channel:
        request = generation_pb2.GenerateRowsRequest(model=f"models/{model}", count=rows, seed=7)
        got = 0
        next_look = WARM_ROWS
        for response in GenerationServiceStub(channel).GenerateRows(request):
            got += response.row_count
            if got >= next_look or got == rows:
                next_look += WARM_ROWS
                yield got, process.memory_info().rss / MIB


def growth(looks: Iterator[tuple[int, float]]) -> float:
    """How much the memory grows after the first look, in MiB; prints the looks."""
    _, first = next(looks)
    most = first
    started = time.monotonic()
    for got, memory in looks:
        most = max(most, memory)
        if got % (10 * WARM_ROWS) < WARM_ROWS:
            print(f"{got:>13,} rows  {memory:8.1f} MiB  {time.monotonic() - started:7.1f} s", flush=True)
    print(f"after the first million {first:.1f} MiB, at most {most:.1f} MiB: {most - first:+.1f} MiB", flush=True)
    return most - first


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--model", default="iris-vae")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rows", type=commands.count, default=100_000_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(arguments.model_repository, Path(folder) / "log.txt", "--device", arguments.device) as server,
    ):
        process = psutil.Process(server.process.pid)
        grown = growth(resident_memory(server.address, process, arguments.model, arguments.rows))
    return int(grown > ALLOWED_MIB)


if __name__ == "__main__":
    commands.run(main)
