"""Tables of the comparison, in Markdown that also reads well on a terminal."""

from collections.abc import Iterator, Sequence

from tests.benchmarks.figures import median
from tests.benchmarks.sides import IN_PROCESS, SERVER
from tests.benchmarks.targets import (
    FIRST_ROW_AIM_MS,
    FIRST_ROW_MS,
    Turns,
    outcome,
    targets,
    throughput_ratio,
    verdict,
)
from tests.benchmarks.workloads import Workload

HEAD = (
    "side",
    "a second",
    f"{SERVER} / side (min–max)",
    "first, ms",
    "p50, ms",
    "p99, ms",
    "CPU s a million",
    "client's",
    "peak RSS, MiB",
    "calls",
)


def case_table(workload: Workload, turns: Turns) -> str:
    """The figures of all sides for one workload."""
    rows = [_side_row(name, turns) for name in turns]
    return f"### {workload.title}\n\n" + table(HEAD, rows)


def _side_row(name: str, turns: Turns) -> tuple[str, ...]:
    own = turns[name]
    compared = throughput_ratio(turns[SERVER], own) if SERVER in turns and name != SERVER else None
    calls, unfinished = sum(turn.calls for turn in own), sum(turn.unfinished for turn in own)
    throughput = median([turn.throughput for turn in own])
    return (
        name,
        f"{throughput:,.0f}" if throughput else "",
        str(compared) if compared else "",
        _number(median([turn.first_ms for turn in own])),
        _number(median([turn.p50_ms for turn in own])),
        _number(median([turn.p99_ms for turn in own])),
        _number(median([turn.cpu_per_million for turn in own])),
        "" if name == IN_PROCESS else _number(median([turn.client_per_million for turn in own])),
        f"{max(turn.peak_mib for turn in own):,.0f}",
        f"{calls:,}" + (f", {unfinished:,} cut off" if unfinished else ""),
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def target_table(results: Sequence[tuple[Workload, Turns]]) -> str:
    """All targets, and what was measured of them."""
    rows = [row for workload, turns in results for row in _target_rows(workload, turns)]
    if not rows:
        return "No case of this run has a target."
    return "### Targets\n\n" + table(("case", "figure", "measured (min–max)", "target", "aim", ""), rows)


def _target_rows(workload: Workload, turns: Turns) -> Iterator[tuple[str, ...]]:
    if workload.first_only and SERVER in turns:
        measured = median([turn.first_ms for turn in turns[SERVER]])
        if measured is not None:
            said = verdict(-measured, -FIRST_ROW_MS, -FIRST_ROW_AIM_MS)
            yield (
                workload.name,
                "ms to the first row",
                f"{measured:.2f}",
                f"<= {FIRST_ROW_MS:g}",
                f"{FIRST_ROW_AIM_MS:g}",
                said,
            )
    for target in targets(workload):
        measured_ratio, against = outcome(target, turns)
        if measured_ratio is None:
            continue
        yield (
            workload.name,
            f"{target.what} ({against})",
            str(measured_ratio),
            f">= {target.least:g}",
            f"{target.aim:g}",
            verdict(measured_ratio.median, target.least, target.aim),
        )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns are as wide as their widest cell; the first one is flush left."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = [_line(head, widths), "|" + "|".join(_rule(i, width) for i, width in enumerate(widths)) + "|"]
    return "\n".join([*lines, *(_line(row, widths) for row in rows)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join([first, *others]) + " |"


def _rule(column: int, width: int) -> str:
    return "-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
