"""The tokens of a whole table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import ColumnCode, Encoded, Token, concatenated
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode, differences
from synthserve_training.tables.typed import TypedColumn, TypedTable


@dataclass(frozen=True)
class TableCode:
    """How rows become tokens.

    Attributes:
        names: The columns, in the order in which they are drawn.
        columns: How the values of each become tokens.
    """

    names: tuple[str, ...]
    columns: Sequence[ColumnCode]

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of all columns, in the order in which they are drawn."""
        return tuple(token for column in self.columns for token in column.tokens)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """[columns]: the index of the first token of each column."""
        lengths = [len(column.tokens) for column in self.columns]
        firsts: NDArray[np.int64] = np.r_[0, np.cumsum(lengths)[:-1]].astype(np.int64)
        return firsts

    @cached_property
    def column_of(self) -> NDArray[np.int64]:
        """[tokens]: the column of each token."""
        lengths = [len(column.tokens) for column in self.columns]
        return np.repeat(np.arange(len(lengths)), lengths)

    def in_order(self, names: Sequence[str]) -> "TableCode":
        """The same columns, drawn in another order."""
        of = dict(zip(self.names, self.columns, strict=True))
        return TableCode(tuple(names), [of[name] for name in names])

    def encode(self, table: TypedTable) -> Encoded:
        """Encodes rows; those of no columns have no tokens."""
        if not self.columns:
            nothing = np.zeros((len(table), 0), np.int32)
            return Encoded(nothing, nothing)
        columns = zip(self.names, self.columns, strict=True)
        return concatenated([code.encode(_coded(table, name, code)) for name, code in columns])


def _coded(table: TypedTable, name: str, code: ColumnCode) -> TypedColumn:
    """What the tokens of a column are of: its values, or their differences."""
    if isinstance(code, DifferenceCode):
        return differences(table[code.start], table[name])
    return table[name]
