"""Constraints: do generated rows keep what holds in every real row?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Section, Table, described
from synthserve_training.evaluation.tables.splits import Comparison


@dataclass(frozen=True)
class Check:
    """Something that must hold in a row.

    Attributes:
        name: What it says, such as `start <= end`.
        violated: Which rows of a frame as `Columns.frame` makes it violate it, bool [rows].
    """

    name: str
    violated: Callable[[pd.DataFrame], NDArray[np.bool_]]


METRICS = (
    Metric(
        "constraint_violations",
        "lower",
        "Share of {exported:,} rows of the exported graph that violate a constraint; reference: the real rows.",
        headline=True,
    ),
)


def evaluate(checks: Sequence[Check], comparison: Comparison) -> Section | None:
    """Counts violations; None: there is nothing to check."""
    if not checks:
        return None
    tables = (comparison.exported, comparison.rows)
    found = [np.array([check.violated(table) for check in checks]) for table in tables]
    generated, real = (float(one.any(axis=0).mean()) for one in found)
    counts: list[tuple[str, int, int]] = [
        (check.name, int(one.sum()), int(other.sum())) for check, one, other in zip(checks, *found, strict=True)
    ]
    counts.sort(key=lambda count: -count[1])
    return Section(
        title="Constraints",
        summary="What holds in every real row, or was declared in the recipe, must hold in every generated row.",
        figures=described(METRICS, {"constraint_violations": Measurement(generated, real)}, **comparison.facts),
        tables=(
            Table(
                title="Violations",
                columns=("constraint", "synthetic rows", "real rows"),
                rows=tuple(counts),
                note=f"Of {len(tables[0]):,} rows of the exported graph and {len(tables[1]):,} real ones.",
            ),
        ),
    )
