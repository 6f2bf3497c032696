"""Columns of dates or timestamps that are counted from an earlier one, such as an end from its start.

Their tokens are those of the difference, a number like any other (`NumberCode`), in days or microseconds. All numbers
between the least and the greatest difference can be drawn, so a range of ends leaves a range of starts.
"""

from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import UNKNOWN, ColumnCode, Encoded, Token
from synthserve_training.models.autoregressive.tokens import numbers as number_tokens
from synthserve_training.models.autoregressive.tokens.dates import MICROSECONDS, DateCode
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.tables.typed import TypedColumn


@dataclass(frozen=True)
class DifferenceCode:
    """A column of dates or timestamps as differences.

    Attributes:
        name: The column's name.
        start: The column that it is counted from. Where that is missing, this one is, too.
        number: The tokens of the difference.
    """

    name: str
    start: str
    number: NumberCode

    @property
    def tokens(self) -> tuple[Token, ...]:
        """See `ColumnCode`."""
        return self.number.tokens

    @property
    def missing(self) -> bool:
        """Whether the value can be missing."""
        return self.number.missing

    @property
    def shares(self) -> NDArray[np.float32]:
        """Of the differences."""
        return self.number.shares

    @property
    def ordered(self) -> int:
        """Differences are ordered."""
        return self.number.ordered

    @property
    def rare(self) -> float:
        """Of the differences."""
        return self.number.rare

    @property
    def extent(self) -> tuple[int, int]:
        """The least and the greatest difference, in days or microseconds."""
        ranks = self.number.atoms
        if len(self.number.edges):
            ranks = np.r_[ranks, self.number.point(np.array([self.number.edges[0, 0], self.number.edges[-1, -1] - 1]))]
        low, high = self.number.lattice.values(np.array([ranks.min(), ranks.max()]))
        return int(low), int(high)

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes differences, see `differences`. Those of gaps with too few rows are not learnt."""
        encoded = self.number.encode(column)
        cells = encoded.codes[:, 0]
        learnt = (cells >= 0) & (self.shares > 0)[cells]
        return Encoded(np.where(learnt[:, None], encoded.codes, UNKNOWN).astype(np.int32), encoded.contexts)

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """See `ColumnCode`."""
        return self.number.context(index, codes)


def fit(start: TypedColumn, end: TypedColumn, code: ColumnCode, min_rows: int) -> DifferenceCode:
    """Finds the tokens of a column that is counted from another one.

    Args:
        start: The other one. Where it is missing, so is the end.
        end: The column.
        code: The tokens of the start.
        min_rows: At least 1.
    """
    column = differences(start, end)
    lattice = Lattice(0, gcd(_step(code), *np.unique(column.values[column.valid]).tolist()), 1)
    ranks = lattice.ranks(column.values)
    number = number_tokens.fit(end.options.name, lattice, ranks, column.valid, min_rows, dense=True)
    # Gaps between differences are filled: how many rows they have, if only a few, is not published.
    codes = number.encode_ranks(ranks, column.valid).codes[:, 0]
    counts = np.bincount(codes[codes >= 0], minlength=number.tokens[0].size)
    counts = np.where(counts < min_rows, 0, counts)
    shares = (counts / max(counts.sum(), 1)).astype(np.float32)
    return DifferenceCode(end.options.name, start.options.name, replace(number, shares=shares))


def differences(start: TypedColumn, end: TypedColumn) -> TypedColumn:
    """How much later the values of a column are than those of another one: int64 days or microseconds."""
    valid = start.valid & end.valid
    found = np.where(valid, end.values.astype(np.int64) - start.values.astype(np.int64), 0)
    return TypedColumn(end.options, found, valid)


def _step(code: ColumnCode) -> int:
    """A step that all moments of a column have in common."""
    if isinstance(code, DifferenceCode):
        return code.number.lattice.step
    if not isinstance(code, DateCode) or code.time is None:
        return 1
    step = code.time.lattice.step
    return step if MICROSECONDS % step == 0 else 1
