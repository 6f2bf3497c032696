"""Columns with few values: one token, with a code for each value and one for the missing value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import LEAST_RARE, UNKNOWN, Encoded, Token, rare_share
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.typed import TypedColumn


@dataclass(frozen=True)
class CategoryCode:
    """A column of categories or truth values.

    Attributes:
        name: The column's name.
        values: The values, in the order of their codes; of a column of truth values `("false", "true")`.
        missing: Whether the value can be missing; its code is the last one.
        shares: As in `ColumnCode`.
        rare: As in `ColumnCode`.
    """

    name: str
    values: tuple[str, ...]
    missing: bool
    shares: NDArray[np.float32]
    rare: float = LEAST_RARE
    ordered: int = 0

    @property
    def tokens(self) -> tuple[Token, ...]:
        """One token."""
        return (Token(self.name, len(self.values) + self.missing),)

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes values; those that are not in `values` become `UNKNOWN`."""
        known = {value: code for code, value in enumerate(self.values)}
        # One more, which the indices of missing values can point to where there are no texts.
        translated = np.array([*(known.get(text, UNKNOWN) for text in texts(column)), UNKNOWN], np.int32)
        codes = np.where(
            column.valid, translated[column.values.astype(np.int64)], len(self.values) if self.missing else UNKNOWN
        )
        return Encoded(codes.astype(np.int32)[:, None], np.zeros((len(column), 1), np.int32))

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """There is but one token."""
        raise IndexError(index)


def texts(column: TypedColumn) -> tuple[str, ...]:
    """The distinct values of a column as texts; `column.values` are indices into them."""
    return ("false", "true") if column.options.type is ColumnType.BOOLEAN else column.texts


def fit(column: TypedColumn, min_rows: int) -> CategoryCode:
    """Finds the values that at least `min_rows` rows have.

    The order is that of the recipe, else by frequency. Truth values keep both codes.
    """
    counts = np.bincount(column.values[column.valid].astype(np.int64), minlength=len(texts(column)))
    missing_count = int((~column.valid).sum())
    names = texts(column)
    if column.options.type is ColumnType.BOOLEAN:
        order = [0, 1]
    elif column.options.values:
        places = {text: index for index, text in enumerate(names)}
        order = [places[value] for value in column.options.values if value in places]
    else:
        order = sorted(range(len(names)), key=lambda index: (-counts[index], names[index]))
    kept = [index for index in order if counts[index] >= min_rows or column.options.type is ColumnType.BOOLEAN]
    missing = missing_count >= min_rows
    rows = np.array([*counts[kept], *([missing_count] if missing else [])], np.float64)
    shares = (rows / max(rows.sum(), 1.0)).astype(np.float32)
    rare = rare_share(len(column) - int(rows.sum()), len(column))
    return CategoryCode(column.options.name, tuple(names[index] for index in kept), missing, shares, rare)
