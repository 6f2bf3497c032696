"""Spikes: do values that repeat in the data repeat in the synthetic rows?

The spike hit rate of a column of numbers is the share of its values that are in the training rows, without its most
frequent value and missing ones. It says something where nearly all held-out values are in the training rows.
Reported is the column that falls behind the held-out rows by most.
"""

from dataclasses import dataclass

import pandas as pd
from tests.benchmarks.tables.roles import Roles

LEAST_HELD_OUT = 0.98
"""The hit rate of the held-out rows in a column that is looked at."""
LEAST_VALUES = 100
"""How many held-out values a column needs, without the most frequent one."""


@dataclass(frozen=True)
class Hits:
    """The hit rate of the worst column.

    Attributes:
        column: Its name.
        rate: Of the synthetic rows.
        held_out: Of the held-out rows.
    """

    column: str
    rate: float
    held_out: float


def worst(train: pd.DataFrame, held_out: pd.DataFrame, other: pd.DataFrame, roles: Roles) -> Hits | None:
    """The column that falls behind by most; None: no column has spikes."""
    found = []
    for name in roles.numbers:
        known = train[name].dropna()
        common = known.mode().iloc[0]
        real, drawn = (_without(table[name], common) for table in (held_out, other))
        expected = real.isin(known).mean()
        if len(real) < LEAST_VALUES or expected < LEAST_HELD_OUT:
            continue
        found.append(Hits(name, float(drawn.isin(known).mean()) if len(drawn) else 0.0, float(expected)))
    return min(found, key=lambda hits: hits.rate - hits.held_out, default=None)


def _without(values: pd.Series, common: float) -> pd.Series:
    return values[values.notna() & (values != common)]
