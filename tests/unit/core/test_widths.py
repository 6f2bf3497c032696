"""The width of rows: messages are cut by it before there are rows, so it must never be too small."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures import every_type

from synthserve_core.contract.model import DTYPES, Column, ColumnType, CsvFormat, Key, Table
from synthserve_core.contract.values import FIRST_DAY, FIRST_MICROSECOND, LAST_DAY, LAST_MICROSECOND
from synthserve_core.encoding.rows import Format, row_encoder
from synthserve_core.encoding.widths import row_widths
from synthserve_server.services.generation.wire import columns_response

# Characters that quotes and escapes make longest, and those that have the most bytes.
LONG = st.text(st.sampled_from('"\x01\n,;a🌻\u2028é'), max_size=12)
NAMES = LONG.filter(bool)

DOUBLES = [
    0.0,
    -1.7976931348623157e308,
    5e-324,
    -2.2250738585072014e-308,
    1e15 + 0.125,
    -1e-5,
    np.nan,
    -np.inf,
    0.1 + 0.2,
]
EXTREMES: dict[ColumnType, list[Any]] = {
    ColumnType.DOUBLE: DOUBLES,
    ColumnType.INT64: [0, -(2**63), 2**63 - 1],
    ColumnType.BOOL: [True, False],
    ColumnType.DATE: [FIRST_DAY, LAST_DAY, 0, 242],
    ColumnType.TIMESTAMP: [FIRST_MICROSECOND, LAST_MICROSECOND, 0, 1],
}

DIRECTIVES = st.lists(st.sampled_from(["%B", "%Y", "%f", "%p", "%b", "%%", '"', ";", "é", "x"]), max_size=8)
PATTERNS = DIRECTIVES.map("".join).map(lambda text: f"{text}%d" if "%" not in text else text)


@st.composite
def columns(draw: st.DrawFn) -> Column:
    kind = draw(st.sampled_from(ColumnType))
    form: dict[str, Any] = {"missing_text": draw(LONG)}
    match kind:
        case ColumnType.DATE | ColumnType.TIMESTAMP:
            form["pattern"] = draw(st.just("") | PATTERNS)
        case ColumnType.INT64:
            form["digits"] = draw(st.integers(0, 30))
        case ColumnType.DOUBLE:
            form["decimals"] = draw(st.none() | st.integers(0, 30))
        case ColumnType.BOOL:
            form |= {"true_text": draw(NAMES), "false_text": draw(NAMES)}
    return Column(
        draw(NAMES),
        kind,
        tuple(draw(st.lists(LONG, min_size=1, max_size=3, unique=True))) if kind is ColumnType.CATEGORY else (),
        draw(st.booleans()),
        draw(st.booleans()) if kind is ColumnType.TIMESTAMP else False,
        draw(st.integers(1, 24)) if kind is ColumnType.STRING else 0,
        CsvFormat(**form),
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, dict[Key, NDArray[Any]], int]:
    """A table, some rows of it, and how many."""
    table = Table(
        tuple(draw(st.lists(columns(), min_size=1, max_size=4, unique_by=lambda column: column.name))),
        draw(st.sampled_from(',;"\t'.replace('"', ""))),
    )
    count = draw(st.integers(1, 30))
    arrays: dict[Key, NDArray[Any]] = {}
    for column in table.columns:
        arrays[column.name] = np.array(list(_drawn(draw, column, count)), DTYPES[column.type])
        if column.nullable:
            arrays[column.validity] = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    return table, arrays, count


def _drawn(draw: st.DrawFn, column: Column, count: int) -> Iterator[Any]:
    if column.type is ColumnType.STRING:
        texts = st.text(st.sampled_from('"\x01,;a🌻'), max_size=column.max_bytes)
        fitting = texts.filter(lambda text: len(text.encode()) <= column.max_bytes)
        for _ in range(count):
            text = '"' * column.max_bytes if draw(st.booleans()) else draw(fitting)
            yield every_type.padded([text.encode()], column.max_bytes)[0]
        return
    values = EXTREMES.get(column.type) or range(len(column.categories))
    yield from draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))


@given(tables())
def test_no_line_is_wider_than_its_bound(made: tuple[Table, dict[Key, NDArray[Any]], int]) -> None:
    table, arrays, count = made
    for file_format in (Format.CSV, Format.JSON_LINES):
        typical, largest = row_widths(table, file_format)
        assert typical > 0
        assert len(row_encoder(table, file_format).encode(arrays)) <= count * largest


@given(tables())
def test_no_binary_row_is_wider_than_its_bound(made: tuple[Table, dict[Key, NDArray[Any]], int]) -> None:
    table, arrays, count = made
    # What a message has however many rows it carries: 64 bytes a buffer at most in Arrow, keys and lengths on the wire.
    frame = 1000 + 400 * len(table.columns)
    for file_format, data in (
        (Format.ARROW, row_encoder(table, Format.ARROW).encode(arrays)),
        (None, columns_response(table, arrays, None, 0)),
    ):
        typical, largest = row_widths(table, file_format)
        assert typical <= largest
        assert len(data) <= count * largest + frame


def test_the_widest_values_of_each_type_nearly_have_their_bound() -> None:
    table = Table((Column("c", ColumnType.STRING, max_bytes=1000),))
    values = every_type.padded([b"\x01" * 1000], 1000)
    _, largest = row_widths(table, Format.JSON_LINES)
    written = len(row_encoder(table, Format.JSON_LINES).encode({"c": values}))
    assert 0.95 * largest < written <= largest
