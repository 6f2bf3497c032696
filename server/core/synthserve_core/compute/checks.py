"""Checks the values that a graph has computed; a value that its column does not allow is an error of the graph."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_core.contract.model import Arrays, Column, ColumnType, Model, Table
from synthserve_core.contract.texts import texts_of
from synthserve_core.contract.values import FIRST_DAY, FIRST_MICROSECOND, LAST_DAY, LAST_MICROSECOND
from synthserve_core.errors import GraphError

_LIMITS = {ColumnType.DATE: (FIRST_DAY, LAST_DAY), ColumnType.TIMESTAMP: (FIRST_MICROSECOND, LAST_MICROSECOND)}


def check_values(model: Model, arrays: Arrays) -> None:
    """Checks that category codes are in range, dates are in the years 1 to 9999, and texts are UTF-8.

    Args:
        model: The model that computed the arrays.
        arrays: The output by key. Absent columns are skipped; scores and images may hold any value.

    Raises:
        GraphError: A value is not allowed.
    """
    if isinstance(model.output, Table):
        for column in model.output.columns:
            if column.name in arrays:
                _check(column, arrays)


def _check(column: Column, arrays: Arrays) -> None:
    values = arrays[column.name]
    if column.type is ColumnType.CATEGORY:
        # Viewed as unsigned, negative codes become large: one comparison finds both.
        wrong, last = values.view(np.uint32) >= len(column.categories), len(column.categories) - 1
        _refuse(column, arrays, wrong, f"the category code {{}}, which is not from 0 to {last}")
    elif column.type in _LIMITS:
        low, high = _LIMITS[column.type]
        _refuse(column, arrays, (values < low) | (values > high), "{}, which is not in the years 1 to 9999")
    elif column.type is ColumnType.STRING:
        try:
            texts_of(values, arrays.get(column.validity))
        except UnicodeDecodeError:
            raise GraphError(f"the output {column.name!r} holds text that is not UTF-8") from None


def _refuse(column: Column, arrays: Arrays, wrong: NDArray[Any], what: str) -> None:
    if column.nullable:
        wrong &= arrays[column.validity]
    if wrong.any():
        raise GraphError(f"the output {column.name!r} holds {what.format(arrays[column.name][wrong][0])}")
