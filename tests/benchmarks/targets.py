"""What the comparison is to show: targets, and what was measured beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.figures import Ratio, Turn, median, ratio
from tests.benchmarks.servers import PEERS, RAW
from tests.benchmarks.sides import IN_PROCESS, SERVER
from tests.benchmarks.workloads import Workload

Turns = dict[str, list[Turn]]
"""The turns of each side, in the order of the rounds."""

RAW_PEERS = frozenset(peer.name for peer in PEERS if peer.forms == RAW)
ALL_PEERS = frozenset(peer.name for peer in PEERS)
PANDAS = frozenset({"fastapi-pandas"})


@dataclass(frozen=True)
class Target:
    """A ratio that is to be reached: of throughput, or of p99 (the other side's over this server's)."""

    what: str
    against: frozenset[str]
    """The sides to compare with; the fastest of them counts."""
    least: float
    aim: float
    p99: bool = False


SHARE, SHARES = (0.60, 0.80), {"adult-ar": (0.85, 0.97)}
"""What is to be left of the rows in process once they are served, and the aim: of most tables, and of some."""

FIRST_ROW_MS, FIRST_ROW_AIM_MS = 10.0, 3.0


def targets(workload: Workload) -> list[Target]:
    """The targets of a workload."""
    found: list[Target] = []
    few_rows, some_rows = workload.kind == "rows" and workload.count == 1_000, workload.count == 100_000
    alone = frozenset({IN_PROCESS})
    if workload.first_only:
        return found
    # The server's own choice of messages is meant here: 8,192 rows and more, 64 images and more.
    if workload.kind == "images" and workload.count >= 1_000:
        found.append(Target("throughput, served / in-process", alone, 0.90, 0.97))
    if workload.form in ("typed", "arrow") and workload.count >= 100_000:
        found.append(Target("throughput, served / in-process", alone, *SHARES.get(workload.model, SHARE)))
    if workload.form == "typed" and some_rows:
        found.append(Target("throughput / the fastest peer of raw bytes", RAW_PEERS, 1.0, 1.5))
    if workload.form == "csv" and some_rows:
        found.append(Target("throughput / FastAPI and pandas", PANDAS, 20.0, 40.0))
    if workload.callers == 32 and few_rows and workload.form == "typed":
        found.append(Target("throughput / the fastest peer", ALL_PEERS, 1.2, 2.0))
        found.append(Target("lowest p99 of a peer / p99", ALL_PEERS, 1.2, 2.0, p99=True))
    if workload.callers == 32 and workload.kind == "images":
        found.append(Target("throughput / the fastest peer", ALL_PEERS, 1.0, 1.3))
    return found


def outcome(target: Target, turns: Turns) -> tuple[Ratio | None, str]:
    """What was measured of a target, and the side that it was measured against."""
    best, name = None, ""
    for side in target.against & turns.keys():
        if target.p99:
            figure = median([turn.p99_ms for turn in turns[side]])
            score = 1 / figure if figure else None
        else:
            score = median([turn.throughput for turn in turns[side]])
        if score and (best is None or score > best):
            best, name = score, side
    if not name or SERVER not in turns:
        return None, ""
    if target.p99:
        return ratio([turn.p99_ms for turn in turns[name]], [turn.p99_ms for turn in turns[SERVER]]), name
    return throughput_ratio(turns[SERVER], turns[name]), name


def throughput_ratio(above: Sequence[Turn], below: Sequence[Turn]) -> Ratio | None:
    """The ratio of two sides' throughputs, round by round."""
    return ratio([turn.throughput for turn in above], [turn.throughput for turn in below])


def verdict(measured: float, least: float, aim: float) -> str:
    """How a measured value stands to its target and aim; more is better."""
    return "aim reached" if measured >= aim else "reached" if measured >= least else "missed"
