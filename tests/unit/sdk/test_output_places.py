"""What a path leads to, and what a person expects of output that goes there."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import stat
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from synthserve._output.descriptors import DescriptorFile, own_descriptor
from synthserve._output.destinations import Destination, appears_whole, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


def write(target: str | os.PathLike[str], data: bytes = b"new") -> None:
    destination = Destination(target)
    destination.write(data)
    destination.commit()


@contextmanager
def descriptor_of(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{pid}/fd/{}"])
def test_a_descriptor_gets_what_is_written_where_it_stands(tmp_path: Path, form: str) -> None:
    path = tmp_path / "all.csv"
    path.write_bytes(b"kept\n")
    with descriptor_of(path, os.O_WRONLY | os.O_APPEND) as descriptor:
        name = form.format(descriptor, pid=os.getpid())
        assert own_descriptor(name) == descriptor
        assert not appears_whole(name)
        write(name)
        write(name, b"er\n")
        os.write(descriptor, b"still open\n")
    assert path.read_bytes() == b"kept\nnewer\nstill open\n"


def test_links_to_a_descriptor_lead_there(tmp_path: Path) -> None:
    path, link, second = (tmp_path / name for name in ("all.csv", "link", "second"))
    path.write_bytes(b"kept\n")
    with descriptor_of(path, os.O_WRONLY | os.O_APPEND) as descriptor:
        link.symlink_to(f"/dev/fd/{descriptor}")
        second.symlink_to("link")
        write(second)
    assert path.read_bytes() == b"kept\nnew"
    assert second.is_symlink()


def test_a_file_with_a_number_for_a_name_is_no_descriptor(tmp_path: Path) -> None:
    assert own_descriptor(tmp_path / "3") is None
    write(tmp_path / "3")
    assert (tmp_path / "3").read_bytes() == b"new"


def test_descriptors_that_cannot_be_written_are_told_by_their_names(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Bad file descriptor") as closed:
        Destination("/dev/fd/987")
    assert closed.value.filename == "/dev/fd/987"
    path = tmp_path / "a"
    path.touch()
    with descriptor_of(path, os.O_RDONLY) as descriptor, pytest.raises(OSError, match="Bad file desc") as reading:
        write(f"/dev/fd/{descriptor}")
    assert reading.value.filename == f"/dev/fd/{descriptor}"


@pytest.mark.parametrize("named", [True, False])
def test_a_pipe_gets_everything_also_if_it_does_not_block(tmp_path: Path, named: bool) -> None:
    received = io.BytesIO()
    if named:
        path = str(tmp_path / "pipe")
        os.mkfifo(path)
        reader = threading.Thread(target=lambda: received.write(Path(path).read_bytes()))
        reader.start()
        write(path, b"x" * 300_000)
    else:
        ours, theirs = os.pipe()
        fcntl.fcntl(theirs, fcntl.F_SETFL, os.O_NONBLOCK)
        with os.fdopen(ours, "rb") as file:
            reader = threading.Thread(target=lambda: received.write(file.read()))
            reader.start()
            write(f"/dev/fd/{theirs}", b"x" * 300_000)
            os.close(theirs)
            reader.join()
    reader.join()
    assert received.getvalue() == b"x" * 300_000


def test_devices_are_written_to_and_stay(tmp_path: Path) -> None:
    for discard in (False, True):
        destination = Destination("/dev/null")
        destination.write(b"x")
        (destination.discard if discard else destination.commit)()
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert not appears_whole("/dev/null")
    with pytest.raises(OSError, match="No space left") as full:
        write("/dev/full")
    assert full.value.filename == "/dev/full"
    assert appears_whole(tmp_path / "a")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_a_file_that_was_there_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_was_there_keeps_its_attributes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    os.setxattr(path, "user.origin", b"here")
    write(path)
    assert path.read_bytes() == b"new"
    assert os.getxattr(path, "user.origin") == b"here"


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    file, link, dangling = (tmp_path / name for name in ("file", "link", "dangling"))
    file.write_bytes(b"old")
    link.symlink_to("file")
    dangling.symlink_to("made")
    write(link)
    write(dangling)
    assert link.is_symlink()
    assert dangling.is_symlink()
    assert (file.read_bytes(), (tmp_path / "made").read_bytes()) == (b"new", b"new")
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        Destination(circle)


def test_all_names_of_a_file_get_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"old and long")
    two.hardlink_to(one)
    destination = Destination(one)
    destination.write(b"new")
    assert two.read_bytes() == b"old and long"
    destination.commit()
    assert one.read_bytes() == two.read_bytes() == b"new"
    assert one.samefile(two)


def test_names_can_be_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 125 + ".csv")
    for content in (b"one", b"two"):
        write(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_what_ends_in_a_slash_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Destination(f"{tmp_path}/new/")
    assert not list(tmp_path.iterdir())


def test_what_is_not_finished_has_no_name(tmp_path: Path) -> None:
    destination = Destination(tmp_path / "a.csv")
    destination.write(b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []
    destination.discard()
    assert list(tmp_path.iterdir()) == []


def test_without_files_that_have_no_name_a_hidden_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    path = tmp_path / "a.csv"
    for content in (b"one", b"two"):
        destination = Destination(path)
        destination.write(content)
        assert any(name.name.startswith(".synthserve-") for name in tmp_path.iterdir())
        destination.commit()
        assert path.read_bytes() == content
        assert list(tmp_path.iterdir()) == [path]
    destination = Destination(path)
    destination.write(b"three")
    destination.discard()
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"two", [path])


def test_a_mounted_file_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))  # as for a name that something is mounted on

    monkeypatch.setattr(Path, "replace", busy)
    path = tmp_path / "a.csv"
    path.write_bytes(b"old and long")
    identity = path.stat().st_ino
    write(path)
    assert (path.read_bytes(), path.stat().st_ino, list(tmp_path.iterdir())) == (b"new", identity, [path])


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder where this test, if root runs it, is a user without rights."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid():
            yield folder
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


def test_a_file_in_a_folder_that_cannot_be_written_is_written_in_place(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "a.csv"
    path.write_bytes(b"old and long")
    folder_of_nobody.chmod(0o555)
    destination = Destination(path)
    destination.write(b"new")
    assert path.read_bytes() == b"old and long"
    destination.commit()
    assert path.read_bytes() == b"new"
    with pytest.raises(PermissionError) as refused:
        Destination(folder_of_nobody / "other.csv")
    assert refused.value.filename == str(folder_of_nobody / "other.csv")
    folder_of_nobody.chmod(0o755)


def test_a_file_that_is_protected_stays_as_it_is(folder_of_nobody: Path) -> None:
    path = folder_of_nobody / "a.csv"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError) as refused:
        write_whole(path, b"new")
    assert refused.value.filename == str(path)
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_stays_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    write(path)
    assert (path.read_bytes(), path.stat().st_uid, path.stat().st_gid) == (b"new", 12345, 23456)


def test_a_file_without_a_buffer_gets_everything() -> None:
    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.received = b""

        def write(self, data: memoryview) -> int:  # type: ignore[override]  # any buffer
            self.received += bytes(data[:3])
            return min(3, len(data))

    slow = Slow()
    destination = Destination(slow)  # type: ignore[arg-type]  # a BinaryIO by its methods
    destination.write(b"0123456789")
    destination.commit()
    assert slow.received == b"0123456789"


@pytest.mark.parametrize("target", [3, None, object()])
def test_what_is_no_target_is_refused(target: object) -> None:
    with pytest.raises(TypeError, match="must be a path or a file that is open for bytes"):
        Destination(target)  # type: ignore[arg-type]  # wrong on purpose


def test_a_descriptor_file_is_closed_once(tmp_path: Path) -> None:
    file = DescriptorFile(os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT), "a")
    file.write(b"x")
    file.close()
    file.close()
    assert (tmp_path / "a").read_bytes() == b"x"
