import functools
import http.server
import io
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest
from tests.unit.training.reading.conftest import read

from synthserve_training.data.reading import open_table
from synthserve_training.errors import ReadingError

ROWS = [("1", "x"), ("2", "y")]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the files in `tmp_path`."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def write(folder: Path, **tables: str) -> None:
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)


def test_standard_input_is_read_as_often_as_one_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n2,y\n")))
    found = read("-")
    assert found.rows == ROWS
    assert [chunk.rows() for chunk in found.source.chunks()] == [ROWS]
    assert found.layout.files == ("standard input",)


def test_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a,b\n1,x\n2,y\n",))
    writer.start()
    assert read(pipe).rows == ROWS
    writer.join()


def test_files_of_a_pattern_are_read_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, t2="b,a\ny,2\n", t1="a,b\n1,x\n", other="z\n1\n")
    found = read(tmp_path / "t*.csv")
    assert found.rows == ROWS
    assert [Path(file).name for file in found.layout.files] == ["t1.csv", "t2.csv"]
    assert found.source.size == 8 + 8


def test_files_that_are_written_differently_are_read_each_in_its_way(tmp_path: Path) -> None:
    (tmp_path / "t1.csv").write_text("a,b\n1,x\n")
    (tmp_path / "t2.csv").write_bytes("Title\n\na;b\n2;Zoë\n".encode("utf-16"))
    found = read(tmp_path / "*.csv")
    assert found.rows == [("1", "x"), ("2", "Zoë")]
    again = open_table(str(tmp_path / "*.csv"), found.layout.options())
    assert [chunk.rows() for chunk in again.chunks()] == [[("1", "x")], [("2", "Zoë")]]


def test_files_with_other_columns_are_refused(tmp_path: Path) -> None:
    write(tmp_path, t1="a,b\n1,x\n", t2="a,c\n2,y\n")
    with pytest.raises(ReadingError, match=r"t2\.csv: it has no column 'b', which is in .*t1\.csv"):
        open_table(str(tmp_path / "*.csv"))


def test_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match="no file matches"):
        open_table(str(tmp_path / "*.csv"))


def test_file_address_is_read(tmp_path: Path) -> None:
    path = tmp_path / "some table.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    assert read(path.as_uri()).rows == ROWS


def test_address_that_fsspec_knows_is_read() -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/reading/t1.csv", b"a,b\n1,x\n")
    memory.pipe("/reading/t2.csv", b"a,b\n2,y\n")
    assert read("memory://reading/t1.csv").rows == ROWS[:1]
    assert read("memory://reading/*.csv").rows == ROWS


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("memory://reading/nothing.csv", "there is no such file"),
        ("memory://reading/nothing*.csv", "no file matches"),
        ("unknown://user:secret@host/file.csv?key=secret", "unknown://host/file.csv: .*known kind"),
    ],
)
def test_address_of_nothing_is_refused(address: str, message: str) -> None:
    with pytest.raises(ReadingError, match=message) as caught:
        open_table(address)
    assert "secret" not in str(caught.value)


def test_web_address_is_read(website: str, tmp_path: Path) -> None:
    write(tmp_path, t="a,b\n1,x\n2,y\n")
    assert read(f"{website}/t.csv").rows == ROWS
    with pytest.raises(ReadingError, match="404"):
        open_table(f"{website}/other.csv")


def test_address_is_recorded_without_its_secrets(website: str, tmp_path: Path) -> None:
    write(tmp_path, t="a,b\n1,x\n2,y\n")
    layout = open_table(f"{website}/t.csv?signature=secret").layout
    assert layout.address == layout.options().address == f"{website}/t.csv"
    assert layout.files == (f"{website}/t.csv",)


def test_web_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(ReadingError, match=r"http://127\.0\.0\.1:9/t\.csv: it cannot be fetched"):
        open_table("http://127.0.0.1:9/t.csv")
