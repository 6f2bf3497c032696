"""The in-process limit: the same graph, noise and encoders on all cores, without a server."""

import itertools
import threading
import time

from tests.benchmarks.messages import catalogue, image_messages, row_messages
from tests.benchmarks.plans import Plan, Record
from tests.benchmarks.requests import image_request, row_request

from synthserve_core.system.cores import available_cores


def drive(plan: Plan) -> Record:
    """Lets as many threads as there are cores make the messages of one call after another, and drop them.

    The number of callers makes no difference here: all cores are busy with the messages of as many calls as fit.
    Latencies are not measured.
    """
    workload, threads = plan.workload, available_cores()
    models = catalogue(plan.repository)
    messages = (
        row_messages(row_request(workload), models)
        if workload.kind == "rows"
        else image_messages(image_request(workload), models, threads)
    )
    # A call has few frames, so they are made again and again.
    frames = itertools.cycle(list(messages.frames()))
    lock, record = threading.Lock(), Record()
    started = time.perf_counter()

    def work() -> None:
        while time.perf_counter() - started < plan.seconds:
            with lock:
                first, count = next(frames)
            made = messages.make(first, count)
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
