"""The columns of a table as an evaluation sees them: as numbers, as categories, or as text, which it leaves out."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
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

_CATEGORICAL = {COLUMN_TYPE_CATEGORY, COLUMN_TYPE_BOOL}
_DATED = {COLUMN_TYPE_DATE, COLUMN_TYPE_TIMESTAMP}
_BOOLS = ["false", "true"]

_EPOCH = datetime.datetime(1970, 1, 1)
_DAY = 86_400
_MICROSECONDS = 1_000_000
"""In a second."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    The evaluation works on frames with one column for each of `measured`:

    - DOUBLE, INT64, DATE and TIMESTAMP are numbers, float64: dates count days and timestamps seconds since 1970. A
      missing value is NaN.
    - CATEGORY and BOOL are categories, pandas' `string`. A missing value is `pandas.NA`.
    - STRING columns are left out: their values are not comparable one by one.

    Attributes:
        schema: The columns as the package describes them.
        target: The column of categories that classifiers predict and that splits keep in proportion; None: the table
            has no categories.
    """

    schema: TableSchema
    target: str | None

    @classmethod
    def of(cls, manifest: Manifest) -> "Columns":
        """Reads a manifest of a table.

        The target is the first column of categories that the model takes as a condition, else the last one.
        """
        columns = cls(manifest.table, None)
        categories = columns.categories
        conditions = [condition.column for condition in manifest.conditions if condition.column in categories]
        return cls(manifest.table, next(iter([*conditions, *reversed(categories)]), None))

    @property
    def measured(self) -> list[str]:
        """The columns that are measured, in the order of the schema."""
        return [column.name for column in self._measured]

    @property
    def left_out(self) -> list[str]:
        """The columns of text, which are not measured."""
        return [column.name for column in self.schema.columns if column.type == COLUMN_TYPE_STRING]

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers, dates and timestamps among them."""
        return [column.name for column in self._measured if column.type not in _CATEGORICAL]

    @property
    def categories(self) -> dict[str, list[str]]:
        """The columns of categories, and the categories of each; a missing value is none of them."""
        return {
            column.name: list(column.categories) if column.type == COLUMN_TYPE_CATEGORY else _BOOLS
            for column in self._measured
            if column.type in _CATEGORICAL
        }

    @property
    def dated(self) -> list[str]:
        """The columns of dates and timestamps."""
        return [column.name for column in self._measured if column.type in _DATED]

    @property
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

    def real(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Gives real rows the form of `frame`.

        Args:
            rows: As the trainer prepares them: numbers; dates and timestamps as datetimes; BOOL as booleans or as the
                texts `true` and `false`; categories as text.
        """
        return pd.DataFrame({column.name: _real_series(column, rows[column.name]) for column in self._measured})

    def finished(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rounds drawn numbers as the package rounds its own."""
        numbers = (column for column in self._measured if column.type not in _CATEGORICAL)
        return frame.assign(**{column.name: frame[column.name].round(_decimals(column)) for column in numbers})

    def text(self, name: str, value: float) -> str:
        """A value of a column of numbers, for a reader: dates and timestamps as in ISO 8601."""
        if name not in self.dated or not np.isfinite(value):
            return f"{value:.2f}"
        is_date = any(column.name == name and column.type == COLUMN_TYPE_DATE for column in self._measured)
        moment = _EPOCH + datetime.timedelta(**{"days" if is_date else "seconds": round(value)})
        return str(moment.date() if is_date else moment)

    @property
    def _measured(self) -> list[Column]:
        return [column for column in self.schema.columns if column.type != COLUMN_TYPE_STRING]


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


def _real_series(column: Column, values: pd.Series) -> pd.Series:
    if column.type == COLUMN_TYPE_BOOL:
        return values.astype("string").str.lower()
    if column.type == COLUMN_TYPE_CATEGORY:
        return values.astype("string")
    if column.type in _DATED:
        moments = pd.to_datetime(values, utc=True).dt.tz_localize(None)
        seconds = (moments - _EPOCH) / datetime.timedelta(seconds=1)
        return seconds if column.type == COLUMN_TYPE_TIMESTAMP else seconds // _DAY
    return values.astype("float64")


def _decimals(column: Column) -> int:
    if column.type == COLUMN_TYPE_DOUBLE:
        return column.decimals if column.HasField("decimals") else 15
    return 6 if column.type == COLUMN_TYPE_TIMESTAMP else 0
