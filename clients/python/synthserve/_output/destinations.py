"""Destinations of output: an open file, or a path, whose file appears only when it is whole."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from synthserve._output.places import Place, is_streamed, place

if TYPE_CHECKING:
    from pathlib import Path

Target: TypeAlias = str | os.PathLike[str] | BinaryIO
"""A path, or a file that is open for writing bytes."""


def appears_whole(target: Target) -> bool:
    """Whether `target` is a file that appears when it is whole, so that output must have an end.

    Not so an open file, a pipe, a device, or a descriptor such as `/dev/stdout`: each has a reader meanwhile.
    """
    return isinstance(target, (str, os.PathLike)) and not is_streamed(target)


class Destination:
    """A file being written.

    A path to a file gets its content on `commit()`, and stays as it is on `discard()`. A device, a pipe, a descriptor
    (`/dev/stdout`) or an open file is written to directly. It has as much of a file's interface as pyarrow needs to
    write to it; `close()` does nothing, so that pyarrow cannot decide when the file is whole.

    Args:
        target: Where to write.

    Raises:
        OSError: The file cannot be created.
        TypeError: The target is neither a path nor a file that is open for writing bytes.
    """

    closed = False

    def __init__(self, target: Target) -> None:
        self._written = 0
        self._discarded = False
        self._place: Place = place(target) if isinstance(target, (str, os.PathLike)) else _OpenFile(target)

    def write(self, data: bytes) -> int:
        """Writes all of `data`; nothing after `discard()`."""
        if not self._discarded:
            self._place.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Returns the bytes written so far; an open file or a pipe may have no position of its own."""
        return self._written

    def flush(self) -> None:
        """Hands what is written to the reader of an open file."""
        if isinstance(self._place, _OpenFile) and not self._discarded:
            self._place.flush()

    def close(self) -> None:
        """Does nothing; see `commit()` and `discard()`."""

    def commit(self) -> None:
        """Makes the file appear under its name.

        Raises:
            OSError: That is not possible.
        """
        self._place.commit()

    def discard(self) -> None:
        """Removes what was written, where that is possible; does nothing after `commit()`."""
        self._discarded = True
        self._place.discard()


class _OpenFile:
    """A file that the caller has opened, and closes."""

    whole = False

    def __init__(self, file: object) -> None:
        if isinstance(file, io.TextIOBase):
            raise TypeError("the file must be open for bytes: open(path, 'wb'), io.BytesIO(), sys.stdout.buffer")
        if not callable(getattr(file, "write", None)):
            raise TypeError(f"must be a path or a file that is open for bytes, not {file!r}")
        self._file = cast("BinaryIO", file)

    def write(self, data: bytes) -> None:
        """Writes all of `data`, which files without a buffer do not do at once."""
        if not isinstance(self._file, io.RawIOBase):
            self._file.write(data)
            return
        left = memoryview(data)
        while left:
            count = self._file.write(left)
            if count is None:
                raise BlockingIOError("the file is not ready, and does not block: give one that does")
            left = left[count:]

    def flush(self) -> None:
        """Hands what is written to its reader."""
        with contextlib.suppress(AttributeError):  # anything with write() will do
            self._file.flush()

    def commit(self) -> None:
        """Flushes it."""
        self.flush()

    def discard(self) -> None:
        """Leaves it as it is."""


def write_whole(path: Path, data: bytes) -> None:
    """Writes a small file atomically: it is either whole or absent.

    Raises:
        OSError: It cannot be written.
    """
    destination = Destination(path)
    try:
        destination.write(data)
        destination.commit()
    except BaseException:
        destination.discard()
        raise
