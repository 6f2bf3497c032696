"""Finds the tokens of a table's columns."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import (
    ColumnCode,
    categories,
    dates,
    granularity,
    numbers,
    templates,
)
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.models.autoregressive.tokens.groups import LEAST_VALUES, grouped
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.typed import TypedColumn, TypedTable

_MOST_DECIMALS = 15


def fit(
    table: TypedTable, min_rows: int, names: Sequence[str] | None = None, ungrouped: Collection[str] = ()
) -> TableCode:
    """Finds the tokens of columns that can be learnt, in the order in which they are drawn.

    Columns of which no value has `min_rows` rows have no tokens, even if many of their values are missing.

    Args:
        table: The training rows.
        min_rows: Values, bins and extremes of fewer rows are not published.
        names: The columns, in the order in which they are drawn; None: all, in that of the table.
        ungrouped: Columns whose values are not grouped, however many there are.
    """
    columns = table.columns if names is None else [table[name] for name in names]
    codes = {column.options.name: _fit(column, min_rows) for column in columns}
    kept = _grouped(
        {name: code for name, code in codes.items() if code.tokens[0].size > code.missing}, table, ungrouped
    )
    return TableCode(tuple(kept), tuple(kept.values()))


def _grouped(codes: dict[str, ColumnCode], table: TypedTable, ungrouped: Collection[str]) -> dict[str, ColumnCode]:
    """Groups the values of columns that have many."""
    large = {
        name: code
        for name, code in codes.items()
        if isinstance(code, CategoryCode) and len(code.values) > LEAST_VALUES and name not in ungrouped
    }
    if not large:
        return codes
    names = [name for name in codes if name not in large]
    others = [codes[name].encode(table[name]).codes[:, 0] for name in names]
    context = np.stack(others, axis=1).astype(np.int64) if others else np.zeros((len(table), 0), np.int64)
    found = {
        name: grouped(code, code.encode(table[name]).codes[:, 0].astype(np.int64), context)
        for name, code in large.items()
    }
    return {name: found.get(name, code) for name, code in codes.items()}


def _fit(column: TypedColumn, min_rows: int) -> ColumnCode:
    name, values, valid = column.options.name, column.values, column.valid
    if column.options.templates:
        return templates.fit(column, min_rows)
    match column.options.type:
        case ColumnType.INTEGER:
            lattice = Lattice.of_integers(values[valid]) if valid.any() else Lattice(0, 1, 1)
            return _fit_quantity(name, lattice, lattice.ranks(values), valid, min_rows)
        case ColumnType.DECIMAL:
            decimals = _MOST_DECIMALS if column.options.decimals is None else column.options.decimals
            lattice = Lattice.of_decimals(values[valid], decimals) if valid.any() else Lattice(0, 1, 1)
            ranks = lattice.ranks(np.where(valid, values, 0.0))
            return _fit_quantity(name, lattice, ranks, valid, min_rows)
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            return dates.fit(column, min_rows)
        case ColumnType.TIME:
            lattice = Lattice.of_integers(values[valid]) if valid.any() else Lattice(0, 1, 1)
            return numbers.fit(name, lattice, lattice.ranks(values), valid, min_rows)
        case _:
            return categories.fit(column, min_rows)


def _fit_quantity(
    name: str, lattice: Lattice, ranks: NDArray[np.int64], valid: NDArray[np.bool_], min_rows: int
) -> NumberCode:
    """Numbers that are no moments: they can lie beyond those of the rows, and be rounded to fewer digits."""
    code = numbers.fit(name, lattice, ranks, valid, min_rows, extrapolate=True)
    return replace(code, levels=granularity.levels(code, ranks[valid], min_rows))
