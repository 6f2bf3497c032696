"""The columns of a table as an evaluation sees them: as numbers, as categories, or as text, which it leaves out."""

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import (
    COLUMN_TYPE_BOOL,
    COLUMN_TYPE_CATEGORY,
    COLUMN_TYPE_DATE,
    COLUMN_TYPE_DOUBLE,
    COLUMN_TYPE_STRING,
    COLUMN_TYPE_TIMESTAMP,
    Column,
    TableSchema,
)
from synthserve_core.contract.model import Arrays, Validity
from synthserve_training.errors import EvaluationError
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.typed import TypedColumn, TypedTable

_CATEGORICAL = {COLUMN_TYPE_CATEGORY, COLUMN_TYPE_BOOL}
_DATED = {COLUMN_TYPE_DATE, COLUMN_TYPE_TIMESTAMP}
_BOOLS = ["false", "true"]

_MOST_CLASSES = 20
"""A column of more categories is predicted only if it is named: classifiers take time in proportion."""

_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECONDS = 1_000_000
"""In a second."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    The evaluation works on frames with one column for each of `measured`:

    - DOUBLE, INT64, DATE and TIMESTAMP are numbers, float64: dates count days and timestamps seconds since 1970. A
      missing value is NaN.
    - CATEGORY and BOOL are categories, pandas' `string`. A missing value is `pandas.NA`.
    - STRING columns are left out, as their values are not comparable one by one, and so are the columns that no real
      row has.

    Attributes:
        schema: The columns as the package describes them.
        target: The column of categories that classifiers predict and that splits keep in proportion; None: the table
            has no categories.
        made_up: Columns that rules make: nothing of the real rows is in them.
    """

    schema: TableSchema
    target: str | None
    made_up: frozenset[str] = frozenset()

    @classmethod
    def of(cls, manifest: Manifest, *, target: str | None = None, made_up: Collection[str] = ()) -> "Columns":
        """Reads a manifest of a table.

        Args:
            manifest: Of the package.
            target: What classifiers predict; default: the last column of at most 20 categories.
            made_up: See `Columns`.

        Raises:
            EvaluationError: The target is no column of categories.
        """
        columns = cls(manifest.table, None, frozenset(made_up))
        if target is not None and target not in columns.categories:
            raise EvaluationError(f"{target!r} is no column of categories: classifiers cannot predict it")
        few = [name for name, categories in columns.categories.items() if len(categories) <= _MOST_CLASSES]
        chosen = target or (few[-1] if few else None)
        return cls(manifest.table, chosen, columns.made_up)

    @cached_property
    def measured(self) -> list[str]:
        """The columns that are measured, in the order of the schema."""
        return [column.name for column in self._measured]

    @property
    def texts(self) -> list[str]:
        """The columns of text, which are not measured."""
        return [column.name for column in self.schema.columns if column.type == COLUMN_TYPE_STRING]

    @cached_property
    def numbers(self) -> list[str]:
        """The columns of numbers, dates and timestamps among them."""
        return [column.name for column in self._measured if column.type not in _CATEGORICAL]

    @cached_property
    def categories(self) -> dict[str, list[str]]:
        """The columns of categories, and the categories of each; a missing value is none of them."""
        return {
            column.name: list(column.categories) if column.type == COLUMN_TYPE_CATEGORY else _BOOLS
            for column in self._measured
            if column.type in _CATEGORICAL
        }

    @cached_property
    def dated(self) -> list[str]:
        """The columns of dates and timestamps."""
        return [column.name for column in self._measured if column.type in _DATED]

    @cached_property
    def nullable(self) -> list[str]:
        """The columns in which a value can be missing."""
        return [column.name for column in self._measured if column.nullable]

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column as it is measured; empty where it has none."""
        dated = {COLUMN_TYPE_DATE: "days since 1970-01-01", COLUMN_TYPE_TIMESTAMP: "seconds since 1970-01-01"}
        return {column.name: dated.get(column.type, column.unit) for column in self._measured}

    def frame(self, batches: Iterable[Arrays]) -> pd.DataFrame:
        """Puts batches of samples into one frame.

        Args:
            batches: Arrays by key, as `synthserve_core` gives them.
        """
        parts = list(batches)

        def whole(key: str | Validity) -> NDArray[Any]:
            return np.concatenate([part[key] for part in parts])

        frame = {}
        for column in self._measured:
            valid = whole(Validity(column.name)) if column.nullable else None
            frame[column.name] = _series(column, whole(column.name), valid)
        return pd.DataFrame(frame)

    def real(self, rows: TypedTable) -> pd.DataFrame:
        """Gives real rows the form of `frame`.

        Raises:
            EvaluationError: The rows lack a column, or it has texts where the package has numbers.
        """
        there = {column.options.name: column for column in rows.columns}
        if absent := [name for name in self.measured if name not in there]:
            raise EvaluationError(f"the real rows have no column {', '.join(absent)}, which the package generates")
        return pd.DataFrame({column.name: _real_series(column, there[column.name]) for column in self._measured})

    def finished(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rounds drawn numbers as the package rounds its own."""
        numbers = (column for column in self._measured if column.type not in _CATEGORICAL)
        return frame.assign(**{column.name: frame[column.name].round(_decimals(column)) for column in numbers})

    def text(self, name: str, value: float) -> str:
        """A value of a column of numbers, for a reader: dates and timestamps as in ISO 8601."""
        if name not in self.dated or not np.isfinite(value):
            return f"{value:.2f}"
        is_date = self._type(name) == COLUMN_TYPE_DATE
        moment = _EPOCH + datetime.timedelta(**{"days" if is_date else "seconds": round(value)})
        return str(moment.date() if is_date else moment)

    def literal(self, name: str, value: float) -> str:
        """A value of a column of numbers as a condition takes it; where values are whole, the nearest one."""
        if name in self.dated:
            column = next(column for column in self._measured if column.name == name)
            text = self.text(name, value).replace(" ", "T")
            return f"{text}Z" if column.utc else text
        return repr(float(value)) if self._type(name) == COLUMN_TYPE_DOUBLE else str(round(value))

    def number(self, name: str, literal: str) -> float:
        """The number that `literal` wrote."""
        if name not in self.dated:
            return float(literal)
        moment = datetime.datetime.fromisoformat(literal.removesuffix("Z"))
        is_date = self._type(name) == COLUMN_TYPE_DATE
        return (moment - _EPOCH) / datetime.timedelta(**{"days" if is_date else "seconds": 1})

    def _type(self, name: str) -> int:
        return next(int(column.type) for column in self._measured if column.name == name)

    @cached_property
    def _measured(self) -> list[Column]:
        return [
            column
            for column in self.schema.columns
            if column.type != COLUMN_TYPE_STRING and column.name not in self.made_up
        ]


def _series(column: Column, values: NDArray[Any], valid: NDArray[np.bool_] | None) -> pd.Series:
    if column.type in _CATEGORICAL:
        codes = values.astype(np.int64)
        if valid is not None:
            codes = np.where(valid, codes, 0)  # the code of a missing value can be any number
        categories = column.categories if column.type == COLUMN_TYPE_CATEGORY else _BOOLS
        series = pd.Series(np.array(categories, dtype=object)[codes], dtype="string")
    else:
        scale = _MICROSECONDS if column.type == COLUMN_TYPE_TIMESTAMP else 1
        series = pd.Series(values.astype(np.float64) / scale)
    return series if valid is None else series.where(valid)


def _real_series(column: Column, real: TypedColumn) -> pd.Series:
    kind = real.options.type
    if kind is ColumnType.EMPTY:
        missing = pd.NA if column.type in _CATEGORICAL else np.nan
        return pd.Series([missing] * len(real), dtype="string" if column.type in _CATEGORICAL else "float64")
    if column.type in _CATEGORICAL:
        if real.texts:
            texts = np.array(real.texts, dtype=object)[real.values]
        elif kind is ColumnType.BOOLEAN:
            texts = np.array(_BOOLS, dtype=object)[real.values.astype(np.int64)]
        else:
            texts = real.values.astype(str).astype(object)
        return pd.Series(texts, dtype="string").where(real.valid)
    if real.texts:
        raise EvaluationError(f"the column {column.name} is text in the real rows, and numbers in the package")
    scale = _MICROSECONDS if kind is ColumnType.TIMESTAMP else 1
    return pd.Series(real.values.astype(np.float64) / scale).where(real.valid)


def _decimals(column: Column) -> int:
    if column.type == COLUMN_TYPE_DOUBLE:
        return column.decimals if column.HasField("decimals") else 15
    return 6 if column.type == COLUMN_TYPE_TIMESTAMP else 0
