"""Rows as the arrays of a package's graphs, and as typed columns."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import Column
from synthserve_core.contract.model import Arrays, Key, Validity
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.typed import TypedColumn, TypedTable

_NONE = {
    schema_pb2.COLUMN_TYPE_CATEGORY: -1,
    schema_pb2.COLUMN_TYPE_DOUBLE: np.nan,
    schema_pb2.COLUMN_TYPE_INT64: np.iinfo(np.int64).min,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: np.iinfo(np.int64).min,
    schema_pb2.COLUMN_TYPE_DATE: np.iinfo(np.int32).min,
}
"""Values that stand for a missing one in a column that the package knows without missing values."""

_NO_TEXT = 0xFF
"""A byte that no text in UTF-8 has."""

_SECOND = 1_000_000


def of_table(table: TypedTable, columns: Mapping[str, Column], keys: Iterable[Key]) -> Arrays:
    """Rows as the arrays of a graph.

    Args:
        table: The rows.
        columns: The columns of the manifest, by name.
        keys: Which arrays.
    """
    found: dict[Key, NDArray[Any]] = {}
    for key in keys:
        if isinstance(key, Validity):
            found[key] = table[key.column].valid
        else:
            found[key] = _values(columns[str(key)], table[str(key)])
    return found


def to_table(batches: Iterable[Arrays], columns: Iterable[tuple[ColumnOptions, Column]]) -> TypedTable:
    """Samples of a graph as typed rows.

    Args:
        batches: As `Subject.samples` gives them.
        columns: The columns to take: as the recipe and as the manifest describe them.
    """
    parts = list(batches)

    def whole(key: Key) -> NDArray[Any]:
        return np.concatenate([part[key] for part in parts])

    found = []
    for options, schema in columns:
        values = whole(schema.name)
        valid = whole(Validity(schema.name)) if schema.nullable else np.ones(len(values), np.bool_)
        found.append(_typed(options, schema, values, valid))
    return TypedTable(found)


def _typed(options: ColumnOptions, schema: Column, values: NDArray[Any], valid: NDArray[np.bool_]) -> TypedColumn:
    if schema.type == schema_pb2.COLUMN_TYPE_CATEGORY:
        order = np.argsort(np.array(schema.categories, object))
        codes = np.argsort(order).astype(np.int32)[np.where(valid, values, 0)]
        return TypedColumn(options, codes, valid, tuple(schema.categories[place] for place in order))
    if schema.type == schema_pb2.COLUMN_TYPE_STRING:
        texts, places = np.unique(np.ascontiguousarray(values).view(f"S{values.shape[1]}")[:, 0], return_inverse=True)
        read = [text.decode(errors="replace") for text in texts.tolist()]
        if options.type is ColumnType.TIME:
            micros = np.array([_micros(_pattern(options), text) for text in read], np.int64)
            return TypedColumn(options, micros[places], valid)
        return TypedColumn(options, places.astype(np.int32), valid, tuple(read))
    return TypedColumn(options, values, valid)


def _values(schema: Column, column: TypedColumn) -> NDArray[Any]:
    """The values of a column, as a graph has them."""
    match schema.type:
        case schema_pb2.COLUMN_TYPE_CATEGORY:
            codes = {text: code for code, text in enumerate(schema.categories)}
            values = np.array([codes.get(text, -1) for text in column.texts] or [-1], np.int32)[column.values]
        case schema_pb2.COLUMN_TYPE_STRING:
            return _times(schema, column) if column.options.type is ColumnType.TIME else _texts(schema, column)
        case schema_pb2.COLUMN_TYPE_BOOL:
            return column.values.astype(np.bool_)
        case schema_pb2.COLUMN_TYPE_DATE:
            values = column.values.astype(np.int32)
        case schema_pb2.COLUMN_TYPE_DOUBLE:
            values = column.values.astype(np.float64)
        case _:
            values = column.values.astype(np.int64)
    return values if schema.nullable else np.where(column.valid, values, np.array(_NONE[schema.type], values.dtype))


def _texts(schema: Column, column: TypedColumn) -> NDArray[np.uint8]:
    """Texts as bytes, uint8 [n, max_bytes]; what the column cannot have becomes bytes that are no text."""
    rows = np.zeros((max(len(column.texts), 1), schema.max_bytes), np.uint8)
    for row, text in zip(rows, column.texts, strict=False):
        encoded = np.frombuffer(text.encode(), np.uint8)
        if len(encoded) > len(row):
            row[:] = _NO_TEXT
        else:
            row[: len(encoded)] = encoded
    values = rows[np.where(column.valid, column.values, 0)]
    return values if schema.nullable else np.where(column.valid[:, None], values, np.uint8(_NO_TEXT))


def _times(schema: Column, column: TypedColumn) -> NDArray[np.uint8]:
    """Times as text, uint8 [n, max_bytes], by the first pattern of the column."""
    pattern = _pattern(column.options)
    distinct, inverse = np.unique(np.where(column.valid, column.values, 0), return_inverse=True)
    texts = np.zeros((len(distinct), schema.max_bytes), np.uint8)
    for row, micros in zip(texts, distinct.tolist(), strict=True):
        text = _time(pattern, micros, schema.max_bytes).encode()[: len(row)]
        row[: len(text)] = np.frombuffer(text, np.uint8)
    return texts[inverse]


def _time(pattern: str, micros: int, length: int) -> str:
    hours = micros // (3600 * _SECOND)
    parts = {
        "%I": f"{(hours + 11) % 12 + 1:02d}",
        "%M": f"{micros // (60 * _SECOND) % 60:02d}",
        "%S": f"{micros // _SECOND % 60:02d}",
        "%f": f"{micros % _SECOND:06d}",
        "%p": "PM" if hours // 12 % 2 else "AM",
    }
    text = pattern
    for directive, part in parts.items():
        text = text.replace(directive, part)
    # Durations have as many digits of hours as fill the text.
    return text.replace("%H", f"{hours:0{max(2, length - len(text.replace('%H', '')))}d}")


def _pattern(options: ColumnOptions) -> str:
    return options.patterns[0] if options.patterns else "%H:%M:%S"


def _micros(pattern: str, text: str) -> int:
    """What `_time` wrote; 0 where the text is of another form, as that of a missing value is."""
    parts = re.split("(%[HIMSfp])", pattern)
    digits = {"%H": r"(\d+)", "%I": r"(\d\d)", "%M": r"(\d\d)", "%S": r"(\d\d)", "%f": r"(\d{6})", "%p": "(AM|PM)"}
    found = re.fullmatch("".join(digits.get(part, re.escape(part)) for part in parts), text)
    if found is None:
        return 0
    units = {"%H": 3600 * _SECOND, "%I": 3600 * _SECOND, "%M": 60 * _SECOND, "%S": _SECOND, "%f": 1}
    micros = 0
    for directive, value in zip((part for part in parts if part in digits), found.groups(), strict=True):
        if directive == "%p":
            micros += 12 * units["%I"] * (value == "PM")
        else:
            micros += int(value) % (12 if directive == "%I" else 10**9) * units[directive]
    return micros
