"""The in-process limit: the same graph, noise and encoders on all cores, without a server."""

import itertools
import threading
import time
from functools import cache
from pathlib import Path

from tests.benchmarks.plans import Plan, Record
from tests.benchmarks.requests import image_request, row_request
from tests.benchmarks.serve import prepared_images, prepared_rows

from synthserve_server.telemetry import log_setup as logs
from synthserve_server.models.catalogue import Catalogue
from synthserve_server.models.repository import Repository
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.ranges import cut
from synthserve_core.system.cores import available_cores


@cache
def catalogue(repository: Path) -> Catalogue:
    """Opens the packages, once in a process, for the CPU."""
    logs.configure("text")
    opened = Repository(repository, CPU)
    opened.load()
    return opened.catalogue


def drive(plan: Plan) -> Record:
    """Lets as many threads as there are cores make the messages of one call after another, and drop them.

    Callers make no difference here: all cores are busy with the messages of as many calls as fit. Latencies are not
    measured.
    """
    workload, threads = plan.workload, available_cores()
    models = catalogue(plan.repository)
    order, sizes, message = (
        prepared_rows(row_request(workload), models)
        if workload.kind == "rows"
        else prepared_images(image_request(workload), models, threads)
    )
    # The frames of a call are few; they are made again and again.
    frames = itertools.cycle(list(cut(order.start, order.stop, sizes.first, sizes.rest)))
    lock, cancellation, record = threading.Lock(), Cancellation(), Record()
    started = time.perf_counter()

    def work() -> None:
        while time.perf_counter() - started < plan.seconds:
            with lock:
                first, count = next(frames)
            made = message(cancellation, first, count).make()
            with lock:
                record.samples += count
                record.received += len(made)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    record.seconds = time.perf_counter() - started
    return record
