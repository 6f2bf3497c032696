"""How sure it is that something is no coincidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints import checking
from synthserve_training.tables.constraints.kinds import Constraint
from synthserve_training.tables.typed import TypedColumn, TypedTable

MOST_COLUMNS = 300
"""Nothing is proposed for wider tables: there are too many pairs of columns."""

ENOUGH = 30.0
"""Nats: something is proposed whose chance of being a coincidence is below exp(-30)."""

_FIRST_ROWS = 1_000
_MOST_DECIMALS = 15
_MOST_UNITS = 2.0**61


@dataclass(frozen=True)
class Proposal:
    """A constraint that every row keeps.

    Attributes:
        constraint: The constraint.
        evidence: Why it is proposed, in a short phrase.
    """

    constraint: Constraint
    evidence: str


@dataclass(frozen=True)
class Sample:
    """The rows of a table, and some of them that rule out most candidates quickly.

    Attributes:
        table: All rows.
        few: At most 1,000 of them, from all over the table.
    """

    table: TypedTable
    few: TypedTable

    @classmethod
    def of(cls, table: TypedTable) -> "Sample":
        """Takes a sample of rows."""
        if len(table) <= _FIRST_ROWS:
            return cls(table, table)
        rows = np.random.Generator(np.random.Philox(key=0)).permutation(len(table))[:_FIRST_ROWS]
        return cls(table, table.take(np.sort(rows)))

    def holds(self, constraint: Constraint) -> bool:
        """Whether every row keeps a constraint."""
        return not any(checking.violating(table, constraint).any() for table in (self.few, self.table))

    def of_type(self, *kinds: ColumnType) -> Iterator[tuple[TypedColumn, TypedColumn]]:
        """The columns of some types: all of their values, and some."""
        for column, few in zip(self.table.columns, self.few.columns, strict=True):
            if column.options.type in kinds:
                yield column, few

    @cached_property
    def shuffled(self) -> NDArray[np.int64]:
        """A random order of the rows: what values are like that do not belong together."""
        return np.random.Generator(np.random.Philox(key=1)).permutation(len(self.table))


def exact(columns: Sequence[TypedColumn]) -> bool:
    """Whether numbers can be compared and added exactly, with as many decimals as the finest of them has."""
    if not any(column.options.type is ColumnType.DECIMAL for column in columns):
        return True
    most = max((float(np.abs(column.values[column.valid]).max(initial=0)) for column in columns), default=0.0)
    places = (checking.decimals(column) for column in columns)
    digits = max(_MOST_DECIMALS if each is None else each for each in places)
    return most * 10.0**digits * len(columns) < _MOST_UNITS


def share(count: int, total: int) -> str:
    """Such as `40 %`."""
    return f"{100 * count / max(total, 1):.0f} %"
