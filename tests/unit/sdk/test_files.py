"""Files appear whole or not at all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from synthserve._output.destinations import Destination, write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_appears_on_commit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    destination = Destination(path)
    destination.write(b"one")
    destination.flush()
    assert not path.exists()
    destination.write(b"two")
    assert destination.tell() == 6
    destination.commit()
    assert path.read_bytes() == b"onetwo"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_is_left_alone_on_discard(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    destination = Destination(str(path))
    destination.write(b"new")
    destination.discard()
    destination.write(b"after the end")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_get_the_rights_that_the_user_gives(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_whole(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_open_file_is_written_to_and_left_open() -> None:
    file = io.BytesIO()
    destination = Destination(file)
    destination.write(b"one")
    assert file.getvalue() == b"one"
    destination.commit()
    destination.close()
    assert not file.closed
    other = Destination(file)
    other.discard()
    other.write(b"nothing")
    assert file.getvalue() == b"one"


def test_what_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="open for bytes"):
        Destination(io.StringIO())  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(FileNotFoundError) as missing:
        Destination(tmp_path / "missing" / "a.csv")
    # Not the sibling that is written first.
    assert missing.value.filename == str(tmp_path / "missing" / "a.csv")
    with pytest.raises(IsADirectoryError) as folder:
        Destination(tmp_path)
    assert folder.value.filename == str(tmp_path)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Destination, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Destination, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "a.png", b"x")
    assert not list(tmp_path.iterdir())
