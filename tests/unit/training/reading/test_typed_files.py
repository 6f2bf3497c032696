import datetime
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from tests.unit.training.reading.conftest import read

from synthserve_training.data.reading import open_table
from synthserve_training.errors import ReadingError

FRAME = pl.DataFrame(
    {
        "n": [1, None, 3],
        "x": [0.5, 1.5, None],
        "s": ["a", "", None],
        "t": [True, False, None],
        "d": [datetime.date(2020, 1, 2), None, datetime.date(1899, 12, 31)],
        "at": [datetime.datetime(2020, 1, 2, 3, 4, 5), None, datetime.datetime(1, 1, 1)],
    }
)


def write_arrow_stream(path: Path) -> None:
    table = FRAME.to_arrow()
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table)


COLUMNAR: dict[str, tuple[Callable[[Path], object], str]] = {
    "parquet": (FRAME.write_parquet, "parquet"),
    "feather": (FRAME.write_ipc, "arrow"),
    "stream": (write_arrow_stream, "arrow"),
}


@pytest.mark.parametrize("kind", COLUMNAR)
def test_columnar_file_keeps_types_and_nulls(tmp_path: Path, kind: str) -> None:
    write, form = COLUMNAR[kind]
    path = tmp_path / "table.dat"
    write(path)
    found = read(path)
    assert found.layout.format == form
    assert found.frame.equals(FRAME)
    assert found.frame.schema == FRAME.schema
    assert open_table(str(path), found.layout.options()).layout == found.layout


@pytest.mark.parametrize("kind", COLUMNAR)
def test_broken_columnar_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.dat"
    COLUMNAR[kind][0](path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(ReadingError, match=r"table\.dat: the (Parquet|Arrow) file is broken or cut off"):
        list(open_table(str(path)).chunks())


def test_large_columnar_file_comes_in_chunks(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    frame = pl.DataFrame({f"c{column}": range(60_000) for column in range(100)})
    frame.write_parquet(path)
    source = open_table(str(path))
    done: list[int] = []
    chunks = list(source.chunks(done.append))
    assert len(chunks) > 1
    assert pl.concat(chunks).equals(frame)
    assert done == sorted(done)
    assert done[-1] == path.stat().st_size


def test_empty_parquet_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    FRAME.clear().write_parquet(path)
    assert read(path).frame.schema == FRAME.schema


def test_types_that_are_no_values_become_texts(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pa.parquet.write_table(
        pa.table(
            {
                "category": pa.array(["a", "b", None]).dictionary_encode(),
                "list": [[1, 2], [], None],
                "struct": [{"k": 1}, {"k": None}, None],
                "bytes": [b"\x00\xff", b"", None],
            }
        ),
        path,
    )
    found = read(path)
    assert found.frame.to_dict(as_series=False) == {
        "category": ["a", "b", None],
        "list": ["[1, 2]", "[]", None],
        "struct": ['{"k": 1}', '{"k": null}', None],
        "bytes": ["00ff", "", None],
    }
    assert {note.column for note in found.notes} == {"list", "struct", "bytes"}


def test_repeated_names_of_a_parquet_file_become_unique(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pa.parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]), path)
    assert read(path).frame.to_dict(as_series=False) == {"a": [1], "a_2": [2]}


def write_lines(path: Path, *objects: object) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in objects))
    return path


def test_json_lines_keep_types(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "table.txt",
        {"n": 1, "x": 1, "s": "007", "t": True, "nested": {"k": [1]}},
        {"n": None, "x": 2.5, "s": "", "t": None},
        {"s": None, "late": "é"},
    )
    found = read(path)
    assert found.layout.format == "json-lines"
    assert found.frame.schema == {
        "n": pl.Int64,
        "x": pl.Float64,
        "s": pl.String,
        "t": pl.Boolean,
        "nested": pl.String,
        "late": pl.String,
    }
    assert found.rows == [
        (1, 1.0, "007", True, '{"k": [1]}', None),
        (None, 2.5, "", None, None, None),
        (None, None, None, None, None, "é"),
    ]
    assert found.note("nested").column == "nested"
    assert open_table(str(path), found.layout.options()).layout == found.layout


def test_mixed_json_values_become_texts(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "t", {"a": 1, "b": 2**70}, {"a": "x", "b": 1}, {"a": True, "b": None}, {"a": 1.5})
    found = read(path)
    assert found.frame["a"].to_list() == ["1", "x", "true", "1.5"]
    assert found.frame["b"].to_list() == [str(2**70), "1", None, None]
    assert "several types" in found.note("bool, float, int, str").text


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "line 3: it is no JSON object"), ("[1]", "line 3: it is JSON, but no object"), ('{"a": 1', "line 3")],
)
def test_bad_json_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "table.jsonl"
    path.write_text('{"a": 1}\n\n' + line + "\n")
    with pytest.raises(ReadingError, match=message):
        open_table(str(path))


def workbook(path: Path, *rows: list[object], other: bool = False) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if other:
        book.create_sheet("More").append(["z"])
    book.save(path)
    return path


def test_excel_sheet_keeps_types(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "table.bin",
        ["My report"],
        [],
        ["n", "x", "s", "d", "at", "t", "mixed", None],
        [1, 0.5, "007", datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4), True, 1, None],
        [None, 1, "=x", datetime.date(2020, 1, 3), datetime.datetime(2020, 1, 3), False, "b", None],
        [3, None, "é", None, None, None, 2.5, None],
        ["Source: some office"],
    )
    found = read(path)
    assert found.layout.format == "excel"
    assert (found.layout.header_row, found.layout.first_row, found.layout.footer_rows) == (3, 4, 1)
    schema = dict.fromkeys("n", pl.Int64) | {"x": pl.Float64, "s": pl.String, "d": pl.Date}
    assert found.frame.schema == schema | {"at": pl.Datetime("us"), "t": pl.Boolean, "mixed": pl.String}
    assert found.frame["mixed"].to_list() == ["1", "b", "2.5"]
    assert found.frame["n"].to_list() == [1, None, 3]
    again = open_table(str(path), found.layout.options())
    assert again.layout == found.layout
    assert pl.concat(list(again.chunks())).equals(found.frame)


def test_blank_rows_of_a_sheet_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(workbook(tmp_path / "t.xlsx", ["a", "b"], [1, 2], [], [3, 4], [], [], [5, 6], [], []))
    assert found.rows == [(1, 2), (3, 4), (5, 6)]
    assert found.note("3 rows without any cell")


def test_excel_sheet_is_chosen(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", ["a", "b"], [1, 2], other=True)
    assert read(path).note("'More'").text.startswith("sheet 'Sheet' was read")
    assert read(path, sheet="More").layout.names == ("z",)
    with pytest.raises(ReadingError, match=r"no sheet 'Mor'.*'More'"):
        open_table(str(path), read(path).layout.options().model_copy(update={"sheet": "Mor"}))


def test_empty_or_broken_excel_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="empty"):
        open_table(str(workbook(tmp_path / "t.xlsx")))
    broken = tmp_path / "broken.xls"
    broken.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(ReadingError, match=r"broken\.xls: it cannot be read as an Excel file"):
        open_table(str(broken))


def test_files_with_other_types_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "t1.parquet")
    pl.DataFrame({"a": ["x"]}).write_parquet(tmp_path / "t2.parquet")
    with pytest.raises(ReadingError, match=r"t2\.parquet, column 'a': its type is String, and Int64 in .*t1\.parquet"):
        list(open_table(str(tmp_path / "*.parquet")).chunks())


def test_progress_of_a_stream_is_reported(tmp_path: Path) -> None:
    stream = io.BytesIO()
    FRAME.write_ipc_stream(stream)
    path = tmp_path / "t"
    path.write_bytes(stream.getvalue())
    done: list[int] = []
    list(open_table(str(path)).chunks(done.append))
    assert done[-1] == path.stat().st_size
