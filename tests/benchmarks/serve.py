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
from tests.fixtures import commands

from synthserve.v1 import generation_pb2
from synthserve_server.models.catalogue import Catalogue
from synthserve_server.process import running_server
from synthserve_server.models.repository import Repository
from synthserve_core.compute import devices
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.ranges import cut
from synthserve_core.contract.model import Table
from synthserve_server.services.generation.jobs import Messages, image_messages, row_messages
from synthserve_server.services.generation.requests import ImageOrder, Order, RowOrder, image_order, row_order
from synthserve_server.services.generation.sizes import Sizes, image_sizes, row_sizes
from synthserve_core.system.cores import available_cores

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
    prepare: Callable[[Any], tuple[Order, Sizes, Messages]]
    """What the server makes of a request."""


def cases(catalogue: Catalogue, workers: int) -> list[Case]:
    """Each image model with messages of 128, each table model with messages of 8,192 and of 65,536."""
    found = []
    for package in catalogue.served():
        if isinstance(package.model.output, Table):
            found += [row_case(catalogue, package.id, size) for size in (8192, 65_536)]
        else:
            found.append(image_case(catalogue, package.id, 128, workers))
    return found


def row_case(catalogue: Catalogue, model: str, size: int) -> Case:
    """Rows of a model as typed columns."""

    def request(count: int) -> generation_pb2.GenerateRowsRequest:
        return generation_pb2.GenerateRowsRequest(model=f"models/{model}", count=count, seed=7, rows_per_message=size)

    def prepare(request: generation_pb2.GenerateRowsRequest) -> tuple[Order, Sizes, Messages]:
        return prepared_rows(request, catalogue)

    return Case(f"{model}, columns, {size:,}", "rows/s", 0.5, "GenerateRows", request, prepare)


def prepared_rows(
    request: generation_pb2.GenerateRowsRequest, catalogue: Catalogue
) -> tuple[RowOrder, Sizes, Messages]:
    """What the server makes of a request for rows."""
    order = row_order(request, catalogue, None)
    return order, row_sizes(order), row_messages(order)


def image_case(catalogue: Catalogue, model: str, size: int, workers: int) -> Case:
    """Images of a model as PNG."""

    def request(count: int) -> generation_pb2.GenerateImagesRequest:
        return generation_pb2.GenerateImagesRequest(
            model=f"models/{model}", count=count, seed=7, images_per_message=size
        )

    def prepare(request: generation_pb2.GenerateImagesRequest) -> tuple[Order, Sizes, Messages]:
        return prepared_images(request, catalogue, workers)

    return Case(f"{model}, PNG, {size:,}", "images/s", 0.85, "GenerateImages", request, prepare)


def prepared_images(
    request: generation_pb2.GenerateImagesRequest, catalogue: Catalogue, workers: int
) -> tuple[ImageOrder, Sizes, Messages]:
    """What the server makes of a request for images."""
    order = image_order(request, catalogue, None)
    return order, image_sizes(order, workers), image_messages(order)


def in_process(case: Case, count: int, threads: int) -> float:
    """Samples per second of the threads that make messages and drop them."""
    order, sizes, message = case.prepare(case.request(count))
    frames = cut(order.start, order.stop, sizes.first, sizes.rest)
    lock, cancellation = threading.Lock(), Cancellation()

    def work() -> None:
        while True:
            with lock:
                frame = next(frames, None)
            if frame is None:
                return
            message(cancellation, *frame).make()

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
    repository = Repository(arguments.model_repository, chosen)
    repository.load()
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
        for case in cases(repository.catalogue, threads):
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
