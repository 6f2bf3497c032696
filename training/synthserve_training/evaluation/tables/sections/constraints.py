"""Constraints: do generated rows keep what the recipe says of every row?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Section, Table, described
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.tables.constraints.checking import violating
from synthserve_training.tables.constraints.kinds import Constraint, Unique
from synthserve_training.tables.typed import TypedTable

METRICS = (
    Metric(
        "constraint_violations",
        "lower",
        "Share of {drawn:,} rows of the exported graph that violate a constraint of the recipe; reference: {real}.",
        headline=True,
    ),
)

_DRAWN = "synthetic"

_SUMMARY = (
    "What the recipe says of every row. Training rows that violate a constraint were left out of the training; no row "
    "of the exported graph may violate one."
)
_NOTE = (
    "How many of {counts} rows violate each constraint. Combinations and dependencies are those of the training rows; "
    "a combination that fewer than {min_rows} training rows have counts as a violation."
)


def evaluate(constraints: Sequence[Constraint], real: RealRows, drawn: TypedTable, min_rows: int) -> Section:
    """Counts the rows that violate each constraint.

    Args:
        constraints: At least one.
        real: The real rows. They lack the columns that rules make.
        drawn: Rows of the exported graph, with all columns that the constraints are about.
        min_rows: A combination of fewer training rows is not learnt.
    """
    tables = {"training": real.train, "held-out": real.held_out, _DRAWN: drawn}
    there = {whose: table for whose, table in tables.items() if table is not None}
    found = {whose: _violated(constraints, table, real.train, min_rows) for whose, table in there.items()}
    unseen = "held-out" if "held-out" in found else "training"
    shares = {whose: float(each.any(axis=0).mean()) if each.size else 0.0 for whose, each in found.items()}
    order = np.argsort(-np.sum([each.sum(axis=1) for each in found.values()], axis=0), kind="stable")
    counts = tuple((constraints[place].text, *_counts(constraints[place], found, place)) for place in order)
    facts = {"drawn": len(drawn), "real": f"the {unseen} real rows"}
    sizes = ", ".join(f"{len(table):,} {whose}" for whose, table in there.items())
    return Section(
        title="Constraints",
        summary=_SUMMARY,
        figures=described(METRICS, {"constraint_violations": Measurement(shares[_DRAWN], shares[unseen])}, **facts),
        tables=(
            Table(
                title="Violations",
                columns=("constraint", *(f"{whose} rows" for whose in found)),
                rows=counts,
                note=_NOTE.format(counts=sizes, min_rows=min_rows),
            ),
        ),
    )


def _counts(constraint: Constraint, found: Mapping[str, NDArray[np.bool_]], place: int) -> Iterator[int | None]:
    """How many rows violate a constraint; None: real rows lack what must be unique, as a rule makes it."""
    for whose, violated in found.items():
        is_made = isinstance(constraint, Unique) and whose != _DRAWN
        yield None if is_made else int(violated[place].sum())


def _violated(
    constraints: Sequence[Constraint], table: TypedTable, known: TypedTable, min_rows: int
) -> NDArray[np.bool_]:
    """Which rows violate each constraint: bool [constraints, rows]."""
    return np.array([violating(table, each, min_rows, known=known) for each in constraints])
