"""Compares this server with others that serve the same graphs, and with the same work without any server.

    python -m tests.benchmarks.compare --quick
    python -m tests.benchmarks.compare --cases 'rows-100k-*' --cases 'images-*-c8' --rounds 5 --seconds 2
    python -m tests.benchmarks.compare --table adult-ar --cases 'rows-100k-*-c1' --sides synthserve --sides in-process

All servers are started at once and stay. In each round the sides take turns, one at a time, each with the same callers:
A B C, B C A, C A B. A turn begins calls for `--seconds`, and ends when the last of them has ended, or at `--limit`.
Ratios are formed within a round; printed are their median, smallest and largest value. Sides:

- in-process: threads on all cores make the messages of this server and drop them.
- synthserve: this server, its messages counted as bytes by a client that does nothing else. synthserve-sdk: the same
  through the Python SDK, which decodes them (rows as dicts, Arrow as record batches, text into a file, images as
  objects).
- before: the server of another checkout, to compare two versions of the code in one run:
  `--before CHECKOUT --sides synthserve --sides before`.
- the peers in `tests/benchmarks/peers/`, each of which says there how it is set. Their answers are counted as bytes.
  One that is not installed is left out. One that cannot stream gets jobs of more than a million samples in calls of a
  million.

The client is one process on the same cores; its processor time stands beside that of the server, as what it takes the
server cannot have. Figures of a server include its children; memory is the largest sum of resident sets seen in ten
looks a second.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from scripts.server_process import running_server
from tests.benchmarks import checks, report
from tests.benchmarks.clients import ClientError, ClientProcess
from tests.benchmarks.figures import Turn, turn
from tests.benchmarks.measure import Usage
from tests.benchmarks.models import TABLE, Models, find_models
from tests.benchmarks.plans import Transport
from tests.benchmarks.servers import PEERS, running_peer
from tests.benchmarks.sides import BEFORE, IN_PROCESS, SDK, SERVER, Side
from tests.benchmarks.targets import Turns
from tests.benchmarks.workloads import QUICK, Workload, chosen, workloads
from tests.fixtures import commands

from synthserve._output.destinations import write_whole

WARM_SECONDS = 0.2


def main() -> int:
    """Runs the comparison; the exit code is 1 when a side failed."""
    arguments = parsed()
    models = find_models(arguments.model_repository, arguments.table)
    patterns = arguments.cases or (QUICK if arguments.quick else ["*"])
    cases = chosen(workloads(models.table, models.images), patterns)
    if not cases:
        print("no case has such a name; --list names them all", file=sys.stderr)
        return 2
    if arguments.list:
        print("\n".join(workload.name for workload in cases))
        return 0
    with ExitStack() as stack:
        comparison = Comparison(arguments, models, stack)
        results = list(comparison.run(cases))
        lines = [report.case_table(*result) for result in results] + [report.target_table(results)]
        print(lines[-1])
        if arguments.markdown:
            write_whole(arguments.markdown, ("\n\n".join(lines) + "\n").encode())
    return int(comparison.failed)


def parsed() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument(
        "--table", default=TABLE, metavar="MODEL", help="whose rows are asked for; default: %(default)s"
    )
    parser.add_argument("--cases", action="append", metavar="GLOB", help="only cases of such names; may come again")
    parser.add_argument("--sides", action="append", metavar="GLOB", help="only such sides; may come again")
    parser.add_argument("--quick", action="store_true", help="few cases and short turns: about 5 minutes")
    parser.add_argument("--rounds", type=commands.count, help="default: 5, quick: 3")
    parser.add_argument(
        "--seconds", type=commands.seconds, help="for which a turn begins calls; default: 2, quick: 0.7"
    )
    parser.add_argument(
        "--limit", type=commands.seconds, default=60.0, help="after which a turn is cut off; default: %(default)s"
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout of this repository, whose server is a side, too",
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to a file too")
    parser.add_argument("--list", action="store_true", help="print the names of the cases and stop")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (0.7 if arguments.quick else 2.0)
    return arguments


class Comparison:
    """The sides, running, and the turns that they take."""

    def __init__(self, arguments: argparse.Namespace, models: Models, stack: ExitStack) -> None:
        """Starts the sides; `stack` stops them."""
        self._arguments = arguments
        self._models = models
        self.failed = False
        """Whether a side failed or sent what was not asked for."""
        self._logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._client = stack.enter_context(ClientProcess())
        self._worker = stack.enter_context(ClientProcess())
        self._sides = list(self._started(stack))
        self._checked: dict[tuple[str, str, str], bool] = {}

    def _wanted(self, name: str) -> bool:
        return not self._arguments.sides or any(fnmatchcase(name, pattern) for pattern in self._arguments.sides)

    def _started(self, stack: ExitStack) -> Iterator[Side]:
        repository = self._arguments.model_repository
        if self._wanted(IN_PROCESS):
            yield Side(IN_PROCESS, Transport.IN_PROCESS, self._worker.pid, repository=repository)
        if self._wanted(SERVER) or self._wanted(SDK):
            server = stack.enter_context(running_server(repository, self._logs / "synthserve.txt", "--device", "cpu"))
            both = ((SERVER, Transport.GRPC_STREAM), (SDK, Transport.SDK))
            yield from (
                Side(name, transport, server.process.pid, server.address)
                for name, transport in both
                if self._wanted(name)
            )
        if (checkout := self._arguments.before) and self._wanted(BEFORE):
            log = self._logs / "before.txt"
            before = stack.enter_context(
                running_server(checkout / "exported", log, "--device", "cpu", checkout=checkout)
            )
            yield Side(BEFORE, Transport.GRPC_STREAM, before.process.pid, before.address)
        for peer in PEERS:
            if not self._wanted(peer.name):
                continue
            try:
                process = stack.enter_context(running_peer(peer, repository, self._logs / f"{peer.name}.txt"))
            except RuntimeError as error:
                self._complain(f"without {peer.name}: {error}")
                continue
            yield Side(peer.name, peer.transport, process.pid, process.address, peer)

    def run(self, cases: Sequence[Workload]) -> Iterator[tuple[Workload, Turns]]:
        """Runs the cases, and prints the table of each."""
        started = time.monotonic()
        for number, workload in enumerate(cases, 1):
            turns = self._case(workload)
            if turns:
                print(report.case_table(workload, turns) + "\n", flush=True)
                yield workload, turns
            minutes = (time.monotonic() - started) / 60
            print(f"{number} of {len(cases)} cases, {minutes:.1f} minutes", file=sys.stderr, flush=True)

    def _case(self, workload: Workload) -> Turns:
        able = [side for side in self._sides if side.serves(workload) and self._right(side, workload)]
        taken: dict[str, list[Turn]] = {side.name: [] for side in able}
        for number in range(self._arguments.rounds):
            # Another side begins each round, so that none always comes after the same one.
            shift = number % max(1, len(able))
            for side in able[shift:] + able[:shift]:
                if side.name not in taken:
                    continue
                try:
                    taken[side.name].append(self._turn(side, workload))
                except ClientError as error:
                    self._complain(f"{side.name} failed in {workload.name}: {error}")
                    del taken[side.name]
        return {name: turns for name, turns in taken.items() if turns}

    def _turn(self, side: Side, workload: Workload) -> Turn:
        client = self._worker if side.transport is Transport.IN_PROCESS else self._client
        plan = side.plan(workload, self._arguments.seconds, self._arguments.limit)
        with Usage(side.pid) as usage, Usage(client.pid) as spent:
            record = client.drive(plan)
        return turn(record, usage, spent, first_only=workload.first_only)

    def _right(self, side: Side, workload: Workload) -> bool:
        """Warms a side up for a kind of workload, and checks what it sends; once for each."""
        key = (side.name, workload.model, workload.form)
        if key not in self._checked:
            self._checked[key] = self._check(side, checks.small(workload))
        return self._checked[key]

    def _check(self, side: Side, workload: Workload) -> bool:
        client = self._worker if side.transport is Transport.IN_PROCESS else self._client
        plan = side.plan(workload, WARM_SECONDS, checks.LIMIT)
        try:
            client.drive(plan)
            if side.transport in (Transport.IN_PROCESS, Transport.SDK):
                return True
            wrong = client.complaint(plan, self._models.row_width)
        except ClientError as error:
            wrong = str(error)
        if wrong:
            self._complain(f"without {side.name} for {workload.form} of {workload.model}: it sent {wrong}")
        return not wrong

    def _complain(self, text: str) -> None:
        self.failed = True
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    commands.run(main)
