import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthserve_core.contract.model import DTYPES, Column, ColumnType, Key, Table, Validity
from synthserve_core.encoding.rows import Format, row_encoder
from synthserve_core.encoding.widths import row_widths

CATEGORIES = ("plain", 'a "quote", comma', "line\nbreak", "", "é")
TABLE = Table(
    (
        Column("x, y", ColumnType.DOUBLE),
        Column('the "n"', ColumnType.INT64, nullable=True),
        Column("kind", ColumnType.CATEGORY, CATEGORIES),
        Column("maybe", ColumnType.CATEGORY, CATEGORIES, nullable=True),
        Column("flag", ColumnType.BOOL, nullable=True),
    )
)
NAMES = [column.name for column in TABLE.columns]

Row = tuple[float, int | None, str, str | None, bool | None]
ROWS = st.lists(
    st.tuples(
        st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.sampled_from(CATEGORIES),
        st.none() | st.sampled_from(CATEGORIES),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


def arrays(rows: list[Row]) -> dict[Key, NDArray[Any]]:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    result: dict[Key, NDArray[Any]] = {}
    for column, values in zip(TABLE.columns, columns, strict=True):
        # What stands where a value is missing means nothing: a code that is none is allowed there.
        blank = {ColumnType.CATEGORY: 99, ColumnType.BOOL: True}.get(column.type, 5)
        plain = [blank if value is None else value for value in values]
        if column.type is ColumnType.CATEGORY:
            plain = [CATEGORIES.index(value) if isinstance(value, str) else value for value in plain]
        result[column.name] = np.array(plain, DTYPES[column.type])
        if column.nullable:
            result[column.validity] = np.array([value is not None for value in values], np.bool_)
    return result


def encoded(rows: list[Row], file_format: Format, cuts: list[int]) -> bytes:
    encoder = row_encoder(TABLE, file_format)
    ends = sorted({min(cut, len(rows)) for cut in cuts} | {len(rows)})
    starts = [0, *ends[:-1]]
    return encoder.preamble({"synthserve.seed": "7"}) + b"".join(
        encoder.encode(arrays(rows[start:end])) for start, end in zip(starts, ends, strict=True) if end > start
    )


CUTS = st.lists(st.integers(1, 20), max_size=3)


@given(rows=ROWS, cuts=CUTS)
def test_csv_reads_back(rows: list[Row], cuts: list[int]) -> None:
    text = encoded(rows, Format.CSV, cuts).decode()
    assert text == encoded(rows, Format.CSV, []).decode()
    assert text.endswith("\n")
    assert "\r" not in text
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert header == NAMES
    for got, (x, n, kind, maybe, flag) in zip(read, rows, strict=True):
        assert float(got[0]) == x
        assert got[1:] == [
            "" if n is None else str(n),
            kind,
            maybe or "",
            "" if flag is None else str(flag).lower(),
        ]


@given(rows=ROWS, cuts=CUTS)
def test_json_lines_read_back(rows: list[Row], cuts: list[int]) -> None:
    data = encoded(rows, Format.JSON_LINES, cuts)
    assert data == encoded(rows, Format.JSON_LINES, [])
    read = [json.loads(line) for line in data.decode().split("\n")[:-1]]
    assert read == [dict(zip(NAMES, row, strict=True)) for row in rows]


@given(rows=ROWS, cuts=CUTS)
def test_arrow_reads_back(rows: list[Row], cuts: list[int]) -> None:
    table = pa.ipc.open_stream(encoded(rows, Format.ARROW, cuts)).read_all()
    table.validate(full=True)
    assert table.schema.metadata == {b"synthserve.seed": b"7"}
    assert [field.nullable for field in table.schema] == [column.nullable for column in TABLE.columns]
    assert pa.types.is_dictionary(table.schema.field("kind").type)
    assert table.to_pylist() == [dict(zip(NAMES, row, strict=True)) for row in rows]


@pytest.mark.parametrize("file_format", Format)
def test_no_rows(file_format: Format) -> None:
    encoder = row_encoder(TABLE, file_format)
    data = encoder.encode(arrays([]))
    if file_format is Format.ARROW:
        assert pa.ipc.open_stream(encoder.preamble({}) + data).read_all().num_rows == 0
        assert pa.ipc.open_stream(encoder.preamble({})).read_all().num_rows == 0
    else:
        assert data == b""


def test_an_empty_text_is_not_a_missing_one() -> None:
    lines = encoded([(5.1, 1, "", None, True), (5.0, None, "plain", "", None)], Format.CSV, [])
    assert lines.decode() == '"x, y","the ""n""",kind,maybe,flag\n5.1,1,"",,true\n5.0,,plain,"",\n'


def test_a_missing_value_in_the_only_column_is_no_empty_line() -> None:
    table = Table((Column("n", ColumnType.INT64, nullable=True),))
    rows = {"n": np.array([1, 2, 3]), Validity("n"): np.array([True, False, True])}
    assert row_encoder(table, Format.CSV).encode(rows) == b'1\n""\n3\n'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_stays_json_whatever_the_number(number: float) -> None:
    (line,) = encoded([(number, 1, "plain", "plain", True)], Format.JSON_LINES, []).splitlines()
    assert json.loads(line)["x, y"] is None


@pytest.mark.parametrize("file_format", [None, *Format])
def test_no_row_is_wider_than_its_bound(file_format: Format | None) -> None:
    widest: list[Row] = [(-2.2250738585072014e-308, -(2**63), "line\nbreak", 'a "quote", comma', False)] * 50
    typical, largest = row_widths(TABLE, file_format)
    assert typical <= largest
    if file_format in (Format.CSV, Format.JSON_LINES):
        assert len(row_encoder(TABLE, file_format).encode(arrays(widest))) <= 50 * largest


def test_pandas_is_not_imported_with_the_first_rows() -> None:
    """It takes the better part of a second, in which nothing else is answered."""
    code = """
import sys
from tests.unit.core.test_row_encoding import Format, encoded
for file_format in Format:
    encoded([(1.5, None, "plain", None, True), (2.5, 3, "", "plain", None)], file_format, [1])
sys.exit("pandas" in sys.modules)
"""
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


@given(rows=ROWS)
def test_arrow_arrays_are_those_that_pyarrow_makes(rows: list[Row]) -> None:
    table = pa.ipc.open_stream(encoded(rows, Format.ARROW, [])).read_all()
    table.validate(full=True)
    for field, values in zip(table.schema, zip(*rows, strict=True), strict=True):
        column = table.column(field.name).combine_chunks()
        if pa.types.is_dictionary(field.type):
            column = column.cast(pa.string())
        assert column.equals(pa.array(values, column.type))
        assert column.null_count == sum(value is None for value in values)
