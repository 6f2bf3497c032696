"""Arrow on the wire: what is not what the schema says is told, and nothing of it is passed on."""

from __future__ import annotations

import io
import itertools
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from synthserve import Column, ProtocolError, TableSchema
from synthserve._names import ModelVersion
from synthserve._samples.kinds import RowInfo
from synthserve._sinks.batches import BatchReader
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = pa.schema(
    [
        ("label", pa.dictionary(pa.int32(), pa.string())),
        ("note", pa.string()),
        ("day", pa.date32()),
        ("local", pa.timestamp("us")),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
COLUMNS = (
    Column("label", "category", ("a", "b"), category_count=2),
    Column("note", "string", nullable=True),
    Column("day", "date"),
    Column("local", "timestamp"),
    Column("at", "timestamp", utc=True),
)


def batch(rows: int = 2, **other: pa.Array) -> pa.RecordBatch:
    arrays: dict[str, Any] = {
        "label": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a", "b"])),
        "note": pa.array(["é"] * rows),
        "day": pa.array([date.min] * rows),
        "local": pa.array([datetime.max] * rows, pa.timestamp("us")),
        "at": pa.array([0] * rows, pa.timestamp("us", tz="UTC")),
    } | other
    return pa.RecordBatch.from_arrays([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def preamble_and_data(*batches: pa.RecordBatch) -> tuple[bytes, list[bytes]]:
    """What a server sends: schema and dictionary first, then each batch by itself."""
    sink = io.BytesIO()
    ends = []
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        for one in (batch(0), *batches):
            writer.write_batch(one)
            ends.append(sink.tell())
    whole = sink.getvalue()
    return whole[: ends[0]], [whole[start:end] for start, end in itertools.pairwise(ends)]


def reader(preamble: bytes, columns: tuple[Column, ...] = COLUMNS) -> BatchReader:
    return BatchReader(RowInfo(ModelVersion("m", 1), 7, TableSchema(columns), preamble))


def message(data: bytes, rows: int) -> pb.GenerateRowsResponse:
    return pb.GenerateRowsResponse(data=data, row_count=rows)


def test_batches_come_back_message_by_message() -> None:
    preamble, (first, second, third) = preamble_and_data(batch(2), batch(1), batch(3))
    found = reader(preamble)
    assert found.read(message(b"", 0)) == []
    # What comes before the first row holds an empty batch here; others are kept as they are.
    assert [one.num_rows for one in found.read(message(first, 2))] == [0, 2]
    assert found.read(message(second + third, 4)) == [batch(1), batch(3)]


def days(*numbers: int) -> pa.Array:
    return pa.array(numbers, pa.int32()).cast(pa.date32())


def micros(kind: pa.DataType, *numbers: int) -> pa.Array:
    return pa.array(numbers, pa.int64()).cast(kind)


def text(offsets: list[int], data: bytes) -> pa.Array:
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.array(offsets, pa.int32()).buffers()[1], pa.py_buffer(data))


def codes(*numbers: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(["a", "b"]), safe=False)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"day": days(0, -719_163)}, "column 'day': a date is outside the years 1 to 9999"),
        ({"day": days(0, 2_932_897)}, "column 'day': a date is outside the years 1 to 9999"),
        ({"local": micros(SCHEMA.field("local").type, 0, -62_135_596_800_000_001)}, "a timestamp is outside"),
        ({"at": micros(SCHEMA.field("at").type, 0, 253_402_300_800_000_000)}, "a timestamp is outside"),
        ({"note": text([0, 1, 2], b"a\xff")}, "Arrow data that cannot be read"),
        ({"note": text([0, 2, 1], b"ab")}, "Arrow data that cannot be read"),
        ({"label": codes(0, 2)}, "Arrow data that cannot be read"),
        ({"label": codes(0, -1)}, "Arrow data that cannot be read"),
    ],
)
def test_values_that_are_none_are_told(other: dict[str, pa.Array], why: str) -> None:
    preamble, (data,) = preamble_and_data(batch(2, **other))
    with pytest.raises(ProtocolError, match=why):
        reader(preamble).read(message(data, 2))


def test_missing_values_are_of_any_year() -> None:
    null = pa.array([True, False]).buffers()[1]
    missing = pa.Array.from_buffers(pa.date32(), 2, [null, days(0, 2**31 - 1).buffers()[1]])
    preamble, (data,) = preamble_and_data(batch(2, day=missing))
    found = reader(preamble).read(message(data, 2))
    assert [day for one in found for day in one.column("day").to_pylist()] == [date(1970, 1, 1), None]


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data[:-1],
        lambda data: data[:9],
        lambda data: data[8:],
        lambda data: data[:-8],
        lambda _: b"nonsense",
    ],
)
def test_data_that_are_cut_are_told(cut: Callable[[bytes], bytes]) -> None:
    preamble, (data,) = preamble_and_data(batch(2))
    with pytest.raises(ProtocolError, match="Arrow data that cannot be read"):
        reader(preamble).read(message(cut(data), 2))


def test_another_number_of_rows_is_told() -> None:
    preamble, (data,) = preamble_and_data(batch(2))
    with pytest.raises(ProtocolError, match="a response of 3 rows holds 2"):
        reader(preamble).read(message(data, 3))


def test_an_end_before_the_end_is_told() -> None:
    preamble, (data,) = preamble_and_data(batch(2))
    end = b"\xff\xff\xff\xff\0\0\0\0"
    with pytest.raises(ProtocolError, match="Arrow data that cannot be read"):
        reader(preamble).read(message(data + end, 2))


@pytest.mark.parametrize("preamble", [b"", b"nonsense", b"\xff\xff\xff\xff\xff\0\0\0"])
def test_a_preamble_that_is_none_is_told(preamble: bytes) -> None:
    with pytest.raises(ProtocolError, match="Arrow schema that cannot be read"):
        reader(preamble)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (COLUMNS[:-1], "an Arrow schema of other columns: label, note, day, local, at"),
        ((*COLUMNS[:-1], Column("other", "timestamp", utc=True)), "an Arrow schema of other columns"),
        (
            (*COLUMNS[:-1], Column("at", "timestamp")),
            r"column 'at': the server sent timestamp\[us, tz=UTC\] for a timestamp",
        ),
        ((*COLUMNS[:-1], Column("at", "date")), "column 'at': the server sent .* for a date"),
    ],
)
def test_a_schema_of_other_columns_is_told(columns: tuple[Column, ...], why: str) -> None:
    preamble, _ = preamble_and_data()
    with pytest.raises(ProtocolError, match=why):
        reader(preamble, columns)
