"""Rows of every type in each file format, read back by other libraries and compared with values computed in Python."""

import csv
import datetime
import io
import itertools
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from tests.fixtures import every_type
from tests.fixtures.packages import write_package_2

from synthserve_core.compute.devices import CPU
from synthserve_core.contract.model import Arrays, Column, ColumnType, CsvFormat, Table
from synthserve_core.contract.values import FIRST_DAY, FIRST_MICROSECOND, LAST_DAY, LAST_MICROSECOND
from synthserve_core.encoding.rows import Format, row_encoder
from synthserve_core.packages.reading import load_package

EPOCH = datetime.datetime(1970, 1, 1)
ROWS = 500


def _values(column: Column, arrays: Arrays) -> list[Any]:
    """A column as Python values; None where one is missing."""
    values = arrays[column.name]
    match column.type:
        case ColumnType.CATEGORY:
            read: list[Any] = [column.categories[code] if code < len(column.categories) else None for code in values]
        case ColumnType.STRING:
            read = [row.tobytes().split(b"\0")[0].decode(errors="replace") for row in values]
        case ColumnType.DATE:
            read = [(EPOCH + datetime.timedelta(days=days)).date() for days in values.tolist()]
        case ColumnType.TIMESTAMP:
            read = [EPOCH + datetime.timedelta(microseconds=micros) for micros in values.tolist()]
        case _:
            read = values.tolist()
    valid = arrays[column.validity].tolist() if column.nullable else [True] * len(read)
    return [value if there else None for value, there in zip(read, valid, strict=True)]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    root = tmp_path_factory.mktemp("models")
    folder = write_package_2(root, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    output = load_package(folder, CPU).model.output
    assert isinstance(output, Table)
    return output


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    return every_type.expected(5, 2**40, ROWS)


@pytest.fixture(scope="module")
def rows(table: Table, arrays: Arrays) -> dict[str, list[Any]]:
    found = {column.name: _values(column, arrays) for column in table.columns}
    assert {name for name, values in found.items() if None in values} == set(every_type.NULLABLE)
    return found


def _parts(table: Table, arrays: Arrays, file_format: Format) -> tuple[bytes, list[bytes]]:
    """The preamble, and the data of messages of several sizes."""
    encoder = row_encoder(table, file_format)
    cuts = [0, 1, 9, 9, 400, ROWS]
    pieces = [{key: array[low:high] for key, array in arrays.items()} for low, high in itertools.pairwise(cuts)]
    return encoder.preamble({"key": "value"}), [encoder.encode(piece) for piece in pieces]


def test_arrow(table: Table, arrays: Arrays, rows: dict[str, list[Any]]) -> None:
    preamble, parts = _parts(table, arrays, Format.ARROW)
    with pa.ipc.open_stream(preamble + b"".join(parts)) as reader:
        read = reader.read_all()
    read.validate(full=True)
    assert read.schema.metadata == {b"key": b"value"}
    types = {name: str(read.schema.field(name).type) for name in read.column_names}
    assert types == {
        "id": "int64",
        "ratio": "double",
        "price": "double",
        "visits": "int64",
        **dict.fromkeys(("city", "grade", "level"), "dictionary<values=string, indices=int32, ordered=0>"),
        **dict.fromkeys(("open", "member"), "bool"),
        **dict.fromkeys(("note", "remark"), "string"),
        **dict.fromkeys(("born", "left"), "date32[day]"),
        "seen": "timestamp[us, tz=UTC]",
        "bought": "timestamp[us]",
    }
    assert {name for name in read.column_names if read.schema.field(name).nullable} == set(every_type.NULLABLE)
    for name, values in rows.items():
        column = read.column(name)
        if name == "seen":  # Python's zones do not reach the ends of the years
            column = column.cast(pa.timestamp("us"))
        assert column.to_pylist() == values


def test_json_lines(table: Table, arrays: Arrays, rows: dict[str, list[Any]]) -> None:
    preamble, parts = _parts(table, arrays, Format.JSON_LINES)
    assert preamble == b""
    read = [json.loads(line) for line in b"".join(parts).decode().split("\n")[:-1]]
    assert [list(row) for row in read] == [list(rows)] * ROWS
    for name, values in rows.items():
        expected = values
        if name in ("born", "left"):
            expected = [None if value is None else value.isoformat() for value in values]
        elif name in ("seen", "bought"):
            zone = "Z" if name == "seen" else ""
            expected = [None if value is None else value.isoformat() + zone for value in values]
        assert [row[name] for row in read] == expected


def _csv_text(name: str, value: Any) -> str:
    """What the manifest of the model says."""
    match name, value:
        case "grade", None:
            return "none"
        case "member", None:
            return "k. A."
        case "bought", None:
            return "-"
        case _, None:
            return ""
        case "id", int():
            return f"{value:08}"
        case "price", float():
            return f"{value:.2f}".replace(".", ",")
        case "open", bool():
            return "true" if value else "false"
        case "member", bool():
            return "ja" if value else "nein"
        case "born", datetime.date():
            return f"{value.day:02}.{value.month:02}.{value.year:04}"
        case "left", datetime.date():
            return value.isoformat()
        case "seen", datetime.datetime():
            return value.isoformat() + "Z"
        case "bought", datetime.datetime():
            half = "AM" if value.hour < 12 else "PM"
            hour = f"{value.hour % 12 or 12:02}:{value.minute:02}:{value.second:02}.{value.microsecond:06}"
            return f"{value.day:02}/{value.month:02}/{value.year:04} {hour} {half}"
    return str(value)


def test_csv(table: Table, arrays: Arrays, rows: dict[str, list[Any]]) -> None:
    preamble, parts = _parts(table, arrays, Format.CSV)
    text = (preamble + b"".join(parts)).decode()
    assert "\r" not in text
    header, *read = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    assert header == list(rows)
    assert len(read) == ROWS
    for place, (name, values) in enumerate(rows.items()):
        cells = [row[place] for row in read]
        if name == "ratio":
            assert list(map(float, cells)) == values
        else:
            assert cells == [_csv_text(name, value) for value in values]
    # Another reader of CSV sees the same cells; without quotes, an empty one is missing.
    again = pl.read_csv(text.encode(), separator=";", infer_schema=False)
    for place, name in enumerate(rows):
        assert [cell or "" for cell in again[name].to_list()] == [row[place] for row in read]
    assert again["city"].null_count() == 0
    assert again["remark"].null_count() == rows["remark"].count(None)


def _csv(column: Column, values: NDArray[Any], valid: Sequence[bool] | None = None, delimiter: str = ",") -> list[str]:
    """The lines of a table of this column and one that is always 1."""
    table = Table((column, Column("one", ColumnType.INT64)), delimiter)
    found: dict[Any, NDArray[Any]] = {column.name: values, "one": np.ones(len(values), np.int64)}
    if valid is not None:
        found[column.validity] = np.array(valid, np.bool_)
    lines = row_encoder(table, Format.CSV).encode(found).decode().split("\n")
    assert lines.pop() == ""
    assert all(line.endswith(f"{delimiter}1") for line in lines)
    return [line.removesuffix(f"{delimiter}1") for line in lines]


def _column(kind: ColumnType, *, nullable: bool = False, utc: bool = False, **form: Any) -> Column:
    return Column("c", kind, nullable=nullable, utc=utc, max_bytes=8, csv=CsvFormat(**form))


@pytest.mark.parametrize(
    ("digits", "expected"),
    [(1, ["0", "7", "-7", "123", "-9223372036854775808"]), (3, ["000", "007", "-007", "123", "-9223372036854775808"])],
)
def test_digits(digits: int, expected: list[str]) -> None:
    assert _csv(_column(ColumnType.INT64, digits=digits), np.array([0, 7, -7, 123, -(2**63)])) == expected


NUMBERS = [0.0, -0.5, 1.005, 2.5, 1e-7, 123456.789, -1e21, 1e300]


@pytest.mark.parametrize("decimals", [0, 1, 2, 10])
@pytest.mark.parametrize("separator", [".", ",", "'", "$"])
def test_decimals_and_their_separator(decimals: int, separator: str) -> None:
    column = _column(ColumnType.DOUBLE, decimals=decimals, decimal_separator=separator)
    expected = [f"{number:.{decimals}f}".replace(".", separator) for number in NUMBERS]
    assert _csv(column, np.array(NUMBERS), delimiter=";") == expected


def test_a_separator_without_a_number_of_decimals() -> None:
    cells = _csv(_column(ColumnType.DOUBLE, decimal_separator=","), np.array(NUMBERS), delimiter=";")
    assert [float(cell.replace(",", ".")) for cell in cells] == NUMBERS
    assert not any("." in cell for cell in cells)


def test_numbers_that_are_none() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1.5])
    plain = _csv(_column(ColumnType.DOUBLE), values, delimiter=";")
    assert plain == ["NaN", "inf", "-inf", "1.5"]
    formatted = _csv(_column(ColumnType.DOUBLE, decimals=1, decimal_separator=","), values, delimiter=";")
    assert formatted == ["NaN", "inf", "-inf", "1,5"]


@pytest.mark.parametrize(
    ("kind", "values", "form", "expected"),
    [
        (ColumnType.INT64, [7, 8], {}, ["7", ""]),
        (ColumnType.INT64, [7, 8], {"missing_text": "NA"}, ["7", "NA"]),
        (ColumnType.INT64, [-7, 8], {"missing_text": "NA", "digits": 3}, ["-007", "NA"]),
        (ColumnType.DOUBLE, [0.5, 1.5], {"missing_text": "?"}, ["0.5", "?"]),
        (ColumnType.DOUBLE, [0.5, 1.5], {"missing_text": "n.a.", "decimal_separator": ","}, ["0,5", "n.a."]),
        (ColumnType.BOOL, [True, False], {"missing_text": "-"}, ["true", "-"]),
        (ColumnType.BOOL, [True, False], {"true_text": "1"}, ["1", ""]),
        (ColumnType.DATE, [0, 1], {"missing_text": "0000-00-00"}, ["1970-01-01", "0000-00-00"]),
        (ColumnType.TIMESTAMP, [0, 1], {"missing_text": 'say "no"'}, ["1970-01-01T00:00:00", '"say ""no"""']),
    ],
)
def test_missing_values(kind: ColumnType, values: list[Any], form: dict[str, Any], expected: list[str]) -> None:
    column = _column(kind, nullable=True, **form)
    dtypes = {ColumnType.DATE: np.int32, ColumnType.INT64: np.int64, ColumnType.TIMESTAMP: np.int64}
    array = np.array(values, dtypes.get(kind))
    assert _csv(column, array, [True, False], delimiter=";") == expected
    assert _csv(column, array[:0], [], delimiter=";") == []
    assert _csv(column, array[1:], [False], delimiter=";") == expected[1:]


def test_the_text_of_true_and_false() -> None:
    column = _column(ColumnType.BOOL, true_text="a,b", false_text="ü")
    assert _csv(column, np.array([True, False, True])) == ['"a,b"', "ü", '"a,b"']


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ":", " "])
def test_delimiters_are_quoted_in_texts(delimiter: str) -> None:
    texts = [b"a,b", b"a;b", b"a\tb", b"a|b", b"a:b", b"a b"]
    values = every_type.padded(texts, 8)
    expected = [f'"{text.decode()}"' if delimiter in text.decode() else text.decode() for text in texts]
    assert _csv(_column(ColumnType.STRING), values, delimiter=delimiter) == expected


EDGES = [FIRST_DAY, -1, 0, 19_782, LAST_DAY]
PATTERNS = [
    "%d.%m.%Y",
    "%m/%d/%y",
    "%Y%j",
    "%d %b %Y",
    "%B %d, %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y: %d.%m.%Y",
    "100%% %Y",
    "%%f",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_dates_in_a_pattern(pattern: str) -> None:
    days = [EPOCH + datetime.timedelta(days=day) for day in EDGES]
    # The C library of Linux does not fill up years.
    expected = [day.strftime(pattern.replace("%Y", f"{day.year:04}")) for day in days]
    cells = _csv(_column(ColumnType.DATE, pattern=pattern), np.array(EDGES, np.int32), delimiter=";")
    assert [cell.strip('"') for cell in cells] == expected


@pytest.mark.parametrize("pattern", [*PATTERNS, "%I:%M %p", "%H:%M:%S.%f", "%f%f"])
def test_timestamps_in_a_pattern(pattern: str) -> None:
    edges = [FIRST_MICROSECOND, -1, 0, 43_200_000_000, 1_709_210_096_000_007, LAST_MICROSECOND]
    moments = [EPOCH + datetime.timedelta(microseconds=micros) for micros in edges]
    expected = [moment.strftime(pattern.replace("%Y", f"{moment.year:04}")) for moment in moments]
    cells = _csv(_column(ColumnType.TIMESTAMP, pattern=pattern), np.array(edges), delimiter=";")
    assert [cell.strip('"') for cell in cells] == expected


@pytest.mark.parametrize("utc", [False, True])
def test_timestamps_in_the_default_form(utc: bool) -> None:
    edges = [FIRST_MICROSECOND, -1, 0, 10, 500_000, 1_709_210_096_000_000, LAST_MICROSECOND]
    moments = [EPOCH + datetime.timedelta(microseconds=micros) for micros in edges]
    expected = [moment.isoformat() + ("Z" if utc else "") for moment in moments]
    assert _csv(_column(ColumnType.TIMESTAMP, utc=utc), np.array(edges)) == expected


def test_a_decimal_is_rounded_as_it_is() -> None:
    # The double next to 1.005 lies below it: it is not rounded up.
    values = [1.005, 0.125, 0.375, 2.675, 1e15 + 0.125]
    cells = _csv(_column(ColumnType.DOUBLE, decimals=2), np.array(values))
    assert cells == [str(Decimal(value).quantize(Decimal("0.01"))) for value in values]
