"""Real rows as the method `score` of a package takes them, and their probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import Column
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract import model as contract
from synthserve_core.contract.model import Arrays, Data, Key, MethodKind, Validity
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.sections.likelihood import Score
from synthserve_training.tables.typed import TypedColumn, TypedTable

_NONE = {
    schema_pb2.COLUMN_TYPE_CATEGORY: -1,
    schema_pb2.COLUMN_TYPE_DOUBLE: np.nan,
    schema_pb2.COLUMN_TYPE_INT64: np.iinfo(np.int64).min,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: np.iinfo(np.int64).min,
    schema_pb2.COLUMN_TYPE_DATE: np.iinfo(np.int32).min,
}
"""Values that stand for a missing one in a column that the package knows without missing values."""

_SECOND = 1_000_000


def scorer(subject: Subject) -> Score | None:
    """What computes the probabilities of rows; None: the package has no method for it."""
    model = subject.package.model
    method = model.methods.get(MethodKind.SCORE)
    if method is None:
        return None
    session = subject.package.sessions[MethodKind.SCORE]
    keys = [role.key for role in method.inputs.values() if isinstance(role, Data)]
    columns = {column.name: column for column in subject.manifest.table.columns}

    def score(table: TypedTable) -> NDArray[np.float64]:
        found = [np.zeros(0)]
        for first, count in cut(0, len(table), method.batch_size, method.batch_size):
            rows = table.take(np.arange(first, first + count))
            draw = Draw(model, session, 0, 0, count, data=_data(keys, columns, rows), kind=MethodKind.SCORE)
            found.append(sample(draw, Cancellation())[contract.Score()])
        return np.concatenate(found)

    return score


def _data(keys: list[Key], columns: dict[str, Column], table: TypedTable) -> Arrays:
    found: dict[Key, NDArray[Any]] = {}
    for key in keys:
        if isinstance(key, Validity):
            found[key] = table[key.column].valid
        else:
            found[key] = _values(columns[str(key)], table[str(key)])
    return found


def _values(schema: Column, column: TypedColumn) -> NDArray[Any]:
    """The values of a column, as a graph has them."""
    match schema.type:
        case schema_pb2.COLUMN_TYPE_CATEGORY:
            codes = {text: code for code, text in enumerate(schema.categories)}
            values = np.array([codes.get(text, -1) for text in column.texts] or [-1], np.int32)[column.values]
        case schema_pb2.COLUMN_TYPE_STRING:
            return _times(schema, column)
        case schema_pb2.COLUMN_TYPE_BOOL:
            return column.values.astype(np.bool_)
        case schema_pb2.COLUMN_TYPE_DATE:
            values = column.values.astype(np.int32)
        case schema_pb2.COLUMN_TYPE_DOUBLE:
            values = column.values.astype(np.float64)
        case _:
            values = column.values.astype(np.int64)
    return values if schema.nullable else np.where(column.valid, values, np.array(_NONE[schema.type], values.dtype))


def _times(schema: Column, column: TypedColumn) -> NDArray[np.uint8]:
    """Times as text, uint8 [n, max_bytes], by the first pattern of the column."""
    pattern = column.options.patterns[0] if column.options.patterns else "%H:%M:%S"
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
