"""The kinds of places that a path leads to. Files appear when they are whole; pipes and devices get bytes at once."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from synthserve._output.descriptors import DescriptorFile, duplicate, own_descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_IN_PLACE = (errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EROFS, errno.ETXTBSY)
"""What a system says where a name cannot be given to another file, such as that of a mounted file."""


class Place(Protocol):
    """A place to write bytes to."""

    whole: bool
    """Whether the file appears when all is written; False: there is a reader meanwhile."""

    def write(self, data: bytes) -> None:
        """Writes all of `data`.

        Raises:
            OSError: It cannot be written.
        """

    def commit(self) -> None:
        """Makes it final.

        Raises:
            OSError: That is not possible.
        """

    def discard(self) -> None:
        """Removes what was written, where that is possible."""


def is_streamed(path: str | os.PathLike[str]) -> bool:
    """Returns whether a path leads to something that is read while it is written: a pipe, a device, a descriptor."""
    if own_descriptor(path) is not None:
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def place(path: str | os.PathLike[str]) -> Place:
    """Opens the place that a path leads to.

    Raises:
        OSError: Nothing can be written there.
    """
    name = os.fspath(path)
    descriptor = own_descriptor(path)
    if descriptor is not None:
        return Streamed(duplicate(descriptor, name))
    if name.endswith(("/", os.sep)) or Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", name)
    if is_streamed(path):
        return Streamed(DescriptorFile(os.open(path, os.O_WRONLY), name))
    return Whole(Path(path))


class Streamed:
    """A pipe, a device, or what a shell has opened: it gets the bytes as they come."""

    whole = False

    def __init__(self, file: DescriptorFile) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        """Writes all of `data`."""
        self._file.write(data)

    def commit(self) -> None:
        """Closes it."""
        self._file.close()

    def discard(self) -> None:
        """Closes it; bytes that the reader has received cannot be taken back."""
        with contextlib.suppress(OSError):
            self._file.close()


class Whole:
    """A file that appears when it is whole; until then its old content stays.

    What is written meanwhile has no name where the system can do that (Linux), so that a process which is killed leaves
    nothing behind; elsewhere a hidden one, in the same folder. A file that was there keeps its mode, its owner and its
    extended attributes. Where its name cannot be given to another file (it is mounted, has other names, too, belongs to
    somebody else, or its folder cannot be written) its content is replaced in the end.

    Args:
        path: The file, or a link to it.

    Raises:
        OSError: The file cannot be written.
    """

    whole = True

    def __init__(self, path: Path) -> None:
        self._name = os.fspath(path)
        with self._named():
            # Follows a link instead of replacing it.
            self._final = Path(os.path.realpath(path, strict=path.exists()))
            existing = _existing(self._final)
            self._partial: Path | None = None
            self._file: BinaryIO = self._open(replaces=existing is not None)

    def write(self, data: bytes) -> None:
        """Writes all of `data`."""
        with self._named():
            self._file.write(data)

    def commit(self) -> None:
        """Makes the file appear under its name."""
        try:
            with self._named():
                self._file.flush()
                self._publish(_existing(self._final))
                self._file.close()
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes what was written; the file stays as it was."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._remove_partial()

    def _open(self, *, replaces: bool) -> BinaryIO:
        try:
            if _has_unnamed_files():
                with contextlib.suppress(OSError):  # The file system may have none; what is wrong is told below.
                    return os.fdopen(os.open(self._final.parent, os.O_TMPFILE | os.O_RDWR, 0o666), "w+b")
            self._partial = self._sibling()
            return self._partial.open("x+b")
        except OSError as error:
            self._partial = None
            if not replaces or error.errno not in _IN_PLACE:
                raise
            return tempfile.TemporaryFile("w+b")

    def _publish(self, existing: os.stat_result | None) -> None:
        if existing is not None and (existing.st_nlink > 1 or not _resemble(self._file, existing, self._final)):
            self._overwrite()
            return
        try:
            self._name_it(existing)
        except OSError as error:
            if existing is None or error.errno not in _IN_PLACE:
                raise
            self._overwrite()

    def _name_it(self, existing: os.stat_result | None) -> None:
        """Gives the file its name, at which point it is whole."""
        if self._partial is None:
            if existing is None:
                with contextlib.suppress(OSError):
                    _link(self._file, self._final)
                    return
            self._partial = self._sibling()
            try:
                _link(self._file, self._partial)
            except OSError:  # a file system without links
                with self._partial.open("xb") as copy:
                    self._copy_to(copy)
                    if existing is not None:
                        _resemble(copy, existing, self._final)
        if os.name == "nt":
            self._file.close()  # Files that are open have to keep their names there.
        self._partial.replace(self._final)
        self._partial = None

    def _overwrite(self) -> None:
        with self._final.open("r+b") as file:
            file.truncate()
            self._copy_to(file)

    def _copy_to(self, file: BinaryIO) -> None:
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, 1 << 20)

    def _sibling(self) -> Path:
        # Short, as the name of the file itself may have the maximum length.
        return self._final.with_name(f".synthserve-{secrets.token_hex(6)}.part")

    def _remove_partial(self) -> None:
        if self._partial is not None:
            self._partial.unlink(missing_ok=True)
            self._partial = None

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        # An error names the path that the caller gave, not the temporary one.
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from None


def _existing(final: Path) -> os.stat_result | None:
    """Returns the status of an existing file; None if there is none.

    Raises:
        OSError: It is there and must not be written, though its folder may be.
    """
    try:
        # Opening a file changes nothing. Without this check, a writable folder would let a protected file be replaced.
        descriptor = os.open(final, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _link(unnamed: BinaryIO, name: Path) -> None:
    """Gives a name to a file that has none.

    Raises:
        OSError: The name is taken, or the file system cannot do that.
    """
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        # Only with a folder does Python tell the system to follow the link, which is what leads to the file.
        os.link(f"/proc/self/fd/{unnamed.fileno()}", name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _resemble(file: BinaryIO, existing: os.stat_result, final: Path) -> bool:
    """Gives a file the mode, owner and attributes of the one whose place it takes; whether that was possible."""
    if os.name == "nt":
        return True
    try:
        now = os.fstat(file.fileno())
        if (now.st_uid, now.st_gid) != (existing.st_uid, existing.st_gid):
            os.fchown(file.fileno(), existing.st_uid, existing.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(existing.st_mode))
        for attribute in _attributes(final):
            os.setxattr(file.fileno(), attribute, os.getxattr(final, attribute))
    except OSError:
        return False
    return True


def _has_unnamed_files() -> bool:
    return hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").is_dir()


def _attributes(file: Path) -> list[str]:
    if not hasattr(os, "listxattr"):
        return []
    # The system sets the attributes of the security modules itself.
    return [name for name in os.listxattr(file) if not name.startswith("security.")]
