"""A table in memory, with typed columns: what readers make, and what models learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnOptions


@dataclass(frozen=True)
class TypedColumn:
    """The values of a column.

    Attributes:
        options: What the column is.
        values: [n]. INTEGER: int64. DECIMAL: float64, finite. BOOLEAN: bool. DATE: int32, days since 1970-01-01.
            TIMESTAMP: int64, microseconds since 1970-01-01T00:00:00. TIME: int64, microseconds since 00:00, at least 0
            and possibly beyond 24 h. CATEGORY, TEXT, ID, CONSTANT: int32, indices into `texts`. EMPTY: int32 zeros.
        valid: bool [n]: false where a value is missing; `values` has any value there.
        texts: The distinct values of a column of texts, sorted; empty for other types.
    """

    options: ColumnOptions
    values: NDArray[Any]
    valid: NDArray[np.bool_]
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> "TypedColumn":
        """Some rows of it, in that order."""
        return TypedColumn(self.options, self.values[rows], self.valid[rows], self.texts)


@dataclass(frozen=True)
class TypedTable:
    """Columns of the same length.

    Attributes:
        columns: In the order of the recipe, without those that are dropped.
    """

    columns: Sequence[TypedColumn]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, name: str) -> TypedColumn:
        """The column of a name.

        Raises:
            KeyError: There is no such column.
        """
        for column in self.columns:
            if column.options.name == name:
                return column
        raise KeyError(name)

    def take(self, rows: NDArray[np.int64]) -> "TypedTable":
        """Some rows, in that order."""
        return TypedTable([column.take(rows) for column in self.columns])


def concatenated(one: TypedColumn, other: TypedColumn) -> TypedColumn:
    """The rows of a column, and behind them those of another one of the same type."""
    texts = tuple(sorted({*one.texts, *other.texts}))
    place = {text: code for code, text in enumerate(texts)}
    values = [
        np.array([place[text] for text in each.texts], np.int32)[each.values] if each.texts else each.values
        for each in (one, other)
    ]
    return TypedColumn(one.options, np.concatenate(values), np.concatenate([one.valid, other.valid]), texts)
