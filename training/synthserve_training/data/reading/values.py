"""Columns of values that have no type of their own: of JSON, of Excel sheets, and of databases."""

import datetime
import decimal
import json
import math
from collections.abc import Sequence
from typing import Any

import polars as pl

_TYPES: dict[type, pl.DataType] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    str: pl.String(),
    datetime.date: pl.Date(),
    datetime.datetime: pl.Datetime("us"),
    datetime.time: pl.Time(),
    datetime.timedelta: pl.Duration("us"),
}
_INT64 = range(-(2**63), 2**63)


class ValueTypes:
    """Collects the types of a column's values, and finds the one type that holds them all.

    Integers and floats make floats; dates and timestamps, timestamps. All other mixtures make texts, as do values of
    other types, such as decimals, whose digits texts keep.
    """

    def __init__(self) -> None:
        self._found: set[type] = set()
        self._is_wide = False
        self._has_zone = False

    def add(self, values: Sequence[Any]) -> None:
        """Takes values; None has no type."""
        found = set(map(type, values)) - {type(None)}
        self._found |= found
        if int in found:
            self._is_wide = self._is_wide or any(type(value) is int and value not in _INT64 for value in values)
        if datetime.datetime in found:
            self._has_zone = self._has_zone or any(getattr(value, "tzinfo", None) is not None for value in values)

    @property
    def dtype(self) -> pl.DataType:
        """The type that holds all values."""
        if not self._found:
            return pl.Null()
        if self._found == {int, float} and not self._is_wide:
            return pl.Float64()
        if self._found <= {datetime.date, datetime.datetime}:
            if datetime.datetime not in self._found:
                return pl.Date()
            return pl.Datetime("us", "UTC" if self._has_zone else None)
        if len(self._found) > 1 or self._is_wide:
            return pl.String()
        return _TYPES.get(next(iter(self._found)), pl.String())

    def note(self) -> str | None:
        """A warning where values became texts."""
        if self._is_wide:
            return "it has integers of more than 64 bits; its values became texts"
        if self._found & {dict, list}:
            return "its values are nested; they became JSON texts"
        if len(self._found) > 1 and self.dtype == pl.String():
            return (
                "its values have several types: "
                + ", ".join(sorted(kind.__name__ for kind in self._found))
                + "; they became texts"
            )
        return None


def series(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """A column of values, of the type that `ValueTypes` found for them."""
    if dtype == pl.String():
        return pl.Series(name, [_text(value) for value in values], pl.String)
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, [_timestamp(value, dtype.time_zone) for value in values], dtype)
    return pl.Series(name, values, dtype, strict=False)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)


def _timestamp(value: datetime.date | None, zone: str | None) -> datetime.datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    if zone and value.tzinfo is None:
        return value.replace(tzinfo=datetime.UTC)
    return value
