"""How long a small call takes on an idle server, and beside streams that never end.

    python -m tests.benchmarks.fairness --rounds 5 --seconds 3

One caller asks for 16 rows again and again: alone, beside 8 endless streams of rows, and beside 8 of each image model.
They take turns. The readers of the streams are in a process of their own, on the same cores. Printed are the medians
over the rounds, and the ratio to the call alone, formed within a round.
"""

import argparse
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.server_process import running_server
from tests.benchmarks import report
from tests.benchmarks.clients import ClientProcess
from tests.benchmarks.figures import percentile, ratio
from tests.benchmarks.models import find_models
from tests.benchmarks.plans import Plan, Record, Transport
from tests.benchmarks.sides import SERVER, Side
from tests.benchmarks.workloads import Workload
from tests.fixtures import commands

CALL_ROWS = 16
STREAMS = 8
ENDLESS = 10**12
TARGET = 5.0
"""The p99 beside the streams is to stay under so many times that of the call alone."""

SETTLE_SECONDS = 1.0
"""How long the streams run before the calls beside them are timed."""
SPARE_SECONDS = 3.0
"""How much longer they run than calls are begun."""


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--rounds", type=commands.count, default=5)
    parser.add_argument("--seconds", type=commands.seconds, default=3.0)
    arguments = parser.parse_args()
    models = find_models(arguments.model_repository)
    call = Workload("rows", models.table, CALL_ROWS, "typed", 1)
    streams = [Workload("rows", models.table, ENDLESS, "typed", STREAMS)]
    streams += [Workload("images", model, ENDLESS, "png", STREAMS) for model in models.images]
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(arguments.model_repository, Path(folder) / "log.txt", "--device", "cpu") as server,
        ClientProcess() as caller,
        ClientProcess() as reader,
    ):
        side = Side(SERVER, Transport.GRPC_STREAM, server.process.pid, server.address)
        plan = side.plan(call, arguments.seconds, arguments.seconds + 30)
        caller.drive(side.plan(call, 0.2, 30))
        alone: list[Record] = []
        beside: dict[str, list[Record]] = {workload.model: [] for workload in streams}
        for _ in range(arguments.rounds):
            alone.append(caller.drive(plan))
            for workload in streams:
                # They are cut off at the limit; the calls beside them have ended by then.
                lasting = SETTLE_SECONDS + arguments.seconds + SPARE_SECONDS
                background = side.plan(workload, lasting, lasting)
                beside[workload.model].append(driven_beside(caller, plan, partial(reader.drive, background)))
    print(f"{CALL_ROWS} rows of {call.model} as one call, beside {STREAMS} endless streams\n")
    rows = [row("alone", alone, alone)]
    rows += [row(f"beside {workload.kind} of {workload.model}", beside[workload.model], alone) for workload in streams]
    print(report.table(("calls", "p50, ms", "p99, ms", "p99 / alone (min–max)", "target"), rows))


def driven_beside(caller: ClientProcess, plan: Plan, background: Callable[[], object]) -> Record:
    """Drives a plan while something else runs, and waits for both."""
    thread = threading.Thread(target=background, daemon=True)
    thread.start()
    thread.join(SETTLE_SECONDS)
    try:
        record = caller.drive(plan)
        if not thread.is_alive():
            sys.exit("the streams ended too early")
        return record
    finally:
        thread.join()


def row(name: str, records: list[Record], alone: list[Record]) -> tuple[str, ...]:
    """The line of one kind of calls."""
    p50, p99 = ([percentile(record.latencies, share) or 0.0 for record in records] for share in (0.5, 0.99))
    compared = ratio(p99, [percentile(record.latencies, 0.99) for record in alone])
    measured = (f"{statistics.median(p50) * 1000:.2f}", f"{statistics.median(p99) * 1000:.2f}")
    return (name, *measured, "", "") if records is alone else (name, *measured, str(compared), f"< {TARGET:g}")


if __name__ == "__main__":
    commands.run(main)
