"""Files that are whole under their names, or not there."""

import os
import stat
import threading
from pathlib import Path

import pytest

from synthserve_training import whole_files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_replaced_with_its_mode_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    path.write_text("before")
    path.chmod(0o640)
    whole_files.write(path, b"after")
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(tmp_path) == ["losses.csv"]


def test_new_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    whole_files.write(tmp_path / "new", b"")
    (tmp_path / "other").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("there", [True, False])
def test_link_is_followed(there: bool, tmp_path: Path) -> None:
    target = tmp_path / "disk" / "checkpoint.npz"
    target.parent.mkdir()
    if there:
        target.write_text("before")
    (tmp_path / "link").symlink_to(target)
    whole_files.write(tmp_path / "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert target.read_bytes() == b"after"
    assert names(target.parent) == ["checkpoint.npz"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), SystemExit(143)])
def test_what_is_not_written_to_its_end_leaves_the_file_as_it_was(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    path.write_text("before")

    def half() -> None:
        with whole_files.replacing(path) as stream:
            stream.write(b"ha")
            raise error

    with pytest.raises(type(error)):
        half()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["checkpoint.npz"]


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    whole_files.write(pipe, b"through")
    reader.join()
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(OSError, match="No space left"):
        whole_files.write(Path("/dev/full"), b"x" * 100_000)
    with pytest.raises(IsADirectoryError):
        whole_files.write(tmp_path, b"")
    assert names(tmp_path) == ["pipe"]


def test_link_to_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        whole_files.write(tmp_path / "loop", b"")
    assert names(tmp_path) == ["loop"]
