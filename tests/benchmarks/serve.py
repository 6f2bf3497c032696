"""Compares what the server delivers with what the same sampler and encoders do without gRPC.

    python -m tests.benchmarks.serve --model-repository exported

In-process: as many threads as there are workers make whole serialised messages and drop them. Served: a server process
with as many workers, and this process as its client, which takes the messages as bytes and drops them. The client runs
on the same cores. Both sides of a case take turns; what is printed is the median.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from scripts.server_process import running_server
from tests.benchmarks.messages import Messages, catalogue, image_messages, row_messages
from tests.fixtures import commands

from synthserve.v1 import generation_pb2
from synthserve_core.compute import devices
from synthserve_core.contract.model import Table
from synthserve_core.system.cores import available_cores
from synthserve_server.models.catalogue import Catalogue

METHOD = "/synthserve.v1.GenerationService/"
PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Case:
    """One kind of stream."""

    name: str
    unit: str
    target: float
    method: str
    request: Callable[[int], Any]
    """The request for so many samples."""
    messages: Callable[[Any], Messages]
    """The messages that answer a request."""


def cases(models: Catalogue, workers: int) -> list[Case]:
    """Each image model with messages of 128, each table model with messages of 8,192 and of 65,536."""
    found = []
    for package in models.served():
        if isinstance(package.model.output, Table):
            found += [row_case(models, package.id, size) for size in (8192, 65_536)]
        else:
            found.append(image_case(models, package.id, 128, workers))
    return found


def row_case(models: Catalogue, model: str, size: int) -> Case:
    """Rows of a model as typed columns."""

    def request(count: int) -> generation_pb2.GenerateRowsRequest:
        return generation_pb2.GenerateRowsRequest(model=f"models/{model}", count=count, seed=7, rows_per_message=size)

    def messages(request: generation_pb2.GenerateRowsRequest) -> Messages:
        return row_messages(request, models)

    return Case(f"{model}, columns, {size:,}", "rows/s", 0.5, "GenerateRows", request, messages)


def image_case(models: Catalogue, model: str, size: int, workers: int) -> Case:
    """Images of a model as PNG."""

    def request(count: int) -> generation_pb2.GenerateImagesRequest:
        return generation_pb2.GenerateImagesRequest(
            model=f"models/{model}", count=count, seed=7, images_per_message=size
        )

    def messages(request: generation_pb2.GenerateImagesRequest) -> Messages:
        return image_messages(request, models, workers)

    return Case(f"{model}, PNG, {size:,}", "images/s", 0.85, "GenerateImages", request, messages)


def in_process(case: Case, count: int, threads: int) -> float:
    """Samples per second of the threads that make messages and drop them."""
    messages = case.messages(case.request(count))
    frames, lock = messages.frames(), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                frame = next(frames, None)
            if frame is None:
                return
            messages.make(*frame)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return count / (time.perf_counter() - started)


def served(case: Case, count: int, channel: grpc.Channel) -> float:
    """Samples per second that reach a client."""
    call: Any = channel.unary_stream(METHOD + case.method, type(case.request(0)).SerializeToString, None)
    started = time.perf_counter()
    for _ in call(case.request(count)):
        pass
    return count / (time.perf_counter() - started)


def enough(case: Case, threads: int, seconds: float) -> int:
    """How many samples keep the threads busy for so long."""
    count = 256
    while True:
        rate = in_process(case, count, threads)
        if count / rate >= PROBE_SECONDS:
            return int(rate * seconds)
        count *= 4


def main() -> None:
    """Runs the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--workers", type=commands.count, default=available_cores())
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repeats", type=commands.count, default=5)
    parser.add_argument("--seconds", type=commands.seconds, default=2.0, help="how long one repeat of one side takes")
    arguments = parser.parse_args()
    threads = arguments.workers
    chosen, why = devices.choose(arguments.device)
    print(
        f"{threads} threads in one process | server process with {threads} workers, client on the same cores, one "
        f"stream, messages dropped as bytes\nmedians of {arguments.repeats} interleaved repeats of about "
        f"{arguments.seconds:g} s, on {chosen} ({why})\n"
    )
    print(f"{'model, format, samples a message':<34} {'in-process':>12} {'served':>12}           {'ratio':>5}  target")
    flags = ["--workers", str(threads), "--device", str(chosen)]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(arguments.model_repository, Path(folder) / "log.txt", *flags) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        for case in cases(catalogue(arguments.model_repository, chosen), threads):
            count = enough(case, threads, arguments.seconds)
            served(case, count // 4, channel)
            pairs = [(in_process(case, count, threads), served(case, count, channel)) for _ in range(arguments.repeats)]
            alone, through = (statistics.median(side) for side in zip(*pairs, strict=True))
            ratio = statistics.median(after / before for before, after in pairs)
            print(
                f"{case.name:<34} {alone:>12,.0f} {through:>12,.0f} {case.unit:<8} {ratio:6.2f}  >= {case.target:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    commands.run(main)
