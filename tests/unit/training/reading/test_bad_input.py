import hashlib
from pathlib import Path

import pytest
from tests.unit.training.reading.conftest import ReadText, read

from synthserve_training.data.reading import open_table
from synthserve_training.errors import ReadingError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf", "only blank lines"),
        (b"\n\n  \n", "only blank lines"),
        (b"# one\n# two\n", "only blank lines or comments"),
        (bytes(range(256)) * 40, "it is no text"),
        (bytes(hashlib.sha256(bytes([byte])).digest()[0] for byte in range(256)) * 20, "it is no text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "it is a picture"),
        (b"%PDF-1.7\n", "it is a PDF"),
        (b"SQLite format 3\0" + bytes(99), "an SQLite database"),
        (b"<!DOCTYPE html><html></html>", "a page of HTML"),
        (b"<?xml version='1.0'?><a/>", "it is XML"),
        (b'[{"a": 1},\n {"a": 2}]\n', "one JSON array"),
        (b'{\n "a": 1\n}\n', "line 1: it is JSON, but no object per line"),
        (bytes(257) + b"ustar" + bytes(250), "a tar archive"),
    ],
)
def test_what_is_no_table_is_refused(read_text: ReadText, content: bytes, message: str) -> None:
    with pytest.raises(ReadingError, match=f"table.csv.*{message}"):
        read_text(content)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2,3\n1,2\n4,5,6\n", r"line 3: it has 2 cells, and the table has 3 columns: mend"),
        ("1,2,3\n1,2,3,4\n4,5,6\n", r"line 3: it has 4 cells, and the table has 3 columns: mend"),
        ('1,"2\n2",3\n1,2\n4,5,6\n', r"line 4: it has 2 cells"),
        ("1,2,3\n4,5,6\n1,2", r"line 4: it has 2 cells.*the file seems to end within the row"),
    ],
)
def test_ragged_row_is_refused_with_its_line(read_text: ReadText, rows: str, message: str) -> None:
    with pytest.raises(ReadingError, match=message):
        read_text("a,b,c\n" + rows)


def test_ragged_row_far_into_the_file_is_refused_with_its_line(read_text: ReadText) -> None:
    with pytest.raises(ReadingError, match="line 700002: it has 2 cells"):
        read_text("a,b,c\n" + "1,x y z,3\n" * 700_000 + "1,2\n" + "1,x y z,3\n" * 200_000)


def test_ragged_rows_are_left_out_and_counted(read_text: ReadText) -> None:
    found = read_text("a,b,c\n1,2,3\n1,2\n4,5,6\n1,2,3,4\n7,8,9\n", skip_bad_rows=True)
    assert found.rows == [("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9")]
    assert found.note("2 rows have too few or too many cells").line == 3


def test_header_without_rows_gives_no_rows(read_text: ReadText) -> None:
    found = read_text("a,b,c\n")
    assert found.frame.shape == (0, 3)
    found.note("no rows")


def test_formula_is_a_text(read_text: ReadText) -> None:
    assert read_text("a,b\n=cmd|' /C calc'!A0,2\n+1,4\n@x,5\n").frame["a"].to_list() == [
        "=cmd|' /C calc'!A0",
        "+1",
        "@x",
    ]


def test_missing_file_names_the_one_that_is_meant(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ReadingError, match=r"peopel\.csv: there is no such file.*people\.csv"):
        open_table(str(tmp_path / "peopel.csv"))


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="it is a folder"):
        open_table(str(tmp_path))


def test_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    monkeypatch.setattr(Path, "open", refuse)  # The user of the tests may be one who may read everything.
    with pytest.raises(ReadingError, match="may not read it"):
        open_table(str(path))


def test_file_that_grows_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    source = open_table(str(path))
    with path.open("a") as stream:
        stream.write("3,4\n")
    (chunk,) = source.chunks()
    assert chunk.rows() == [("1", "2")]
    assert "grew" in source.notes()[-1].text


def test_file_that_shrinks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    source = open_table(str(path))
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ReadingError, match="became shorter"):
        list(source.chunks())


def test_quote_that_never_ends_does_not_fill_the_memory(read_text: ReadText) -> None:
    with pytest.raises(ReadingError, match=r"line 3: a quote begins a cell there and does not end"):
        read_text('a,b\n1,x\n2,"y\n' + "3,some text without quotes\n" * 1_000_000)


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n# x\n3,4\n")
    source = read(path, comment="#").source
    assert [chunk.rows() for chunk in source.chunks()] == [chunk.rows() for chunk in source.chunks()]
    assert len([note for note in source.notes() if "comments" in note.text]) == 1


def test_progress_reaches_the_size(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    source = open_table(str(path))
    done: list[int] = []
    list(source.chunks(done.append))
    assert done == sorted(done)
    assert done[-1] == source.size == path.stat().st_size
