"""The server beside itself with other settings: on a GPU and on the processor, with and without processes that encode.

    python -m tests.benchmarks.devices --side '--device cuda' --side '--device cuda --encoding-processes 0' \
        --side '--device cpu'

All servers run from the beginning to the end and take turns; one process is the client of all. Printed are medians over
the rounds, and the throughput beside that of the first side, formed within a round.
"""

import argparse
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from scripts.server_process import running_server
from tests.benchmarks import report
from tests.benchmarks.clients import ClientProcess
from tests.benchmarks.figures import Turn, median, ratio, turn
from tests.benchmarks.measure import Usage
from tests.benchmarks.models import find_models
from tests.benchmarks.plans import Transport
from tests.benchmarks.sides import Side
from tests.benchmarks.workloads import Workload, chosen
from tests.fixtures import commands

WARM_SECONDS = 0.3
LIMIT_SECONDS = 60.0
HEAD = ("side", "samples a second", "/ first (min–max)", "p50, ms", "p99, ms", "processors", "peak RSS, MiB")


def main() -> None:
    """Measures, and prints a table for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", action="append", required=True, help="flags of a server; can be repeated")
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--model", action="append", help="an image model; default: those of the comparison")
    parser.add_argument("--cases", action="append", help="names of cases, with * and ?; default: all")
    parser.add_argument("--rounds", type=commands.count, default=3)
    parser.add_argument("--seconds", type=commands.seconds, default=1.0)
    arguments = parser.parse_args()
    models = find_models(arguments.model_repository)
    with tempfile.TemporaryDirectory() as folder, ClientProcess() as client, ExitStack() as servers:
        sides = []
        for number, flags in enumerate(arguments.side):
            log = Path(folder) / f"{number}.txt"
            server = servers.enter_context(running_server(arguments.model_repository, log, *shlex.split(flags)))
            sides.append(Side(flags, Transport.GRPC_STREAM, server.process.pid, server.address))
        for workload in chosen(cases(models.table, arguments.model or models.images), arguments.cases or ["*"]):
            for side in sides:
                client.drive(side.plan(workload, WARM_SECONDS, LIMIT_SECONDS))
            turns: dict[str, list[Turn]] = {side.name: [] for side in sides}
            processors: dict[str, list[float]] = {side.name: [] for side in sides}
            for number in range(arguments.rounds):
                for side in [*sides[number % len(sides) :], *sides[: number % len(sides)]]:
                    with Usage(side.pid) as usage, Usage(client.pid) as spent:
                        record = client.drive(side.plan(workload, arguments.seconds, LIMIT_SECONDS))
                    turns[side.name].append(turn(record, usage, spent, first_only=False))
                    processors[side.name].append(usage.cpu_seconds / record.seconds)
            first = [one.throughput for one in turns[sides[0].name]]
            rows = [row(name, turns[name], processors[name], first) for name in turns]
            print(f"### {workload.title}\n\n{report.table(HEAD, rows)}\n", flush=True)


def cases(table: str, images: Sequence[str]) -> Iterator[Workload]:
    """Long streams, of which there are one or eight, and short calls of one caller or of many."""
    for model in images:
        for callers in (1, 8):
            yield Workload("images", model, 10_000, "png", callers)
        for callers in (1, 32):
            yield Workload("images", model, 16, "png", callers)
    for callers in (1, 8):
        yield Workload("rows", table, 100_000, "typed", callers)
    for callers in (1, 32):
        yield Workload("rows", table, 1_000, "typed", callers)


def row(name: str, turns: list[Turn], processors: list[float], first: list[float]) -> tuple[str, ...]:
    """The line of one side."""
    own = [one.throughput for one in turns]
    p50, p99 = median([one.p50_ms for one in turns]), median([one.p99_ms for one in turns])
    return (
        f"`{name}`",
        f"{median(own) or 0:,.0f}",
        str(ratio(own, first)),
        f"{p50 or 0:.1f}",
        f"{p99 or 0:.1f}",
        f"{median(processors) or 0:.1f}",
        f"{max(one.peak_mib for one in turns):,.0f}",
    )


if __name__ == "__main__":
    commands.run(main)
