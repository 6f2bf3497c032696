"""Drives the Python SDK as its users do, callers in threads of their own."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from tests.benchmarks.plans import Plan, Record
from tests.benchmarks.requests import SEED
from tests.benchmarks.workloads import Workload

import synthserve


class CountingFile:
    """A file that counts what is written to it, and drops it."""

    def __init__(self) -> None:
        self.received = 0
        self.first: float | None = None
        self._started = time.perf_counter()

    def write(self, data: bytes) -> int:
        if self.first is None:
            self.first = time.perf_counter() - self._started
        self.received += len(data)
        return len(data)

    def flush(self) -> None:
        """Has nothing to do."""


def call(client: synthserve.Client, workload: Workload) -> tuple[float, int]:
    """Makes one call: dicts of typed rows, record batches of Arrow, files of text, image objects.

    Returns:
        Seconds to the first row or image (files: to the first bytes), and bytes where a file was written.
    """
    if workload.form in ("csv", "jsonl"):
        stream = client.rows(workload.model, count=workload.count, seed=SEED)
        sink = CountingFile()
        target = cast("BinaryIO", sink)
        if workload.form == "csv":
            stream.to_csv(target)
        else:
            stream.to_jsonl(target)
        return sink.first or 0.0, sink.received
    started = time.perf_counter()
    items = decoded(client, workload)
    next(items)
    first = time.perf_counter() - started
    if not workload.first_only:
        # Takes all items without a loop in Python.
        deque(items, maxlen=0)
    return first, 0


def decoded(client: synthserve.Client, workload: Workload) -> Iterator[Any]:
    """What the SDK makes of a stream."""
    if workload.kind == "images":
        return iter(client.images(workload.model, count=workload.count, seed=SEED))
    rows = client.rows(workload.model, count=workload.count, seed=SEED)
    return rows.batches() if workload.form == "arrow" else iter(rows)


def drive(plan: Plan) -> Record:
    """Lets each caller make one call after another, all with one client.

    Raises:
        SynthserveError: A call failed.
    """
    workload, record, lock = plan.workload, Record(), threading.Lock()
    failures: list[synthserve.SynthserveError] = []
    with synthserve.Client(plan.address) as client:
        client.models(timeout=plan.limit)
        started = time.perf_counter()

        def make_calls() -> None:
            while True:
                begun = time.perf_counter()
                try:
                    first, received = call(client, workload)
                except synthserve.SynthserveError as error:
                    # At the limit the client is closed, which cancels what is under way.
                    if time.perf_counter() - started < plan.limit:
                        failures.append(error)
                    record.unfinished += 1
                    return
                ended = time.perf_counter()
                with lock:
                    record.firsts.append(first)
                    record.latencies.append(ended - begun)
                    record.received += received
                    record.samples += workload.count
                if ended - started >= plan.seconds:
                    return

        _run_threads(make_calls, workload.callers, plan.limit, client.close)
        record.seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return record


def _run_threads(work: Callable[[], None], count: int, limit: float, stop: Callable[[], None]) -> None:
    """Runs threads; after the limit asks them to stop."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.perf_counter() + limit
    for thread in threads:
        thread.join(max(0.0, deadline - time.perf_counter()))
    if any(thread.is_alive() for thread in threads):
        stop()
    for thread in threads:
        thread.join()
