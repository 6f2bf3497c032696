"""Files by their descriptors, written without a buffer and to the last byte."""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]  # of Python 3.12, and only for types

_LINKS = 40
"""The kernel's limit on the links that it follows."""

_OWN = re.compile(r"/proc/(?P<process>\d+)(?:/task/\d+)?/fd")


class DescriptorFile(io.RawIOBase):
    """A descriptor that is open for writing. A write is whole, also on a pipe that does not block.

    Args:
        descriptor: The descriptor, which is closed with this file.
        name: Its name, for errors.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._name = name

    def writable(self) -> bool:
        """Says yes."""
        return True

    def fileno(self) -> int:
        """Returns the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Returns whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: Buffer) -> int:
        """Writes all of `data`, and waits where that is needed.

        Raises:
            OSError: It cannot be written.
        """
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError as error:
                raise OSError(error.errno, error.strerror, self._name) from None
        return size

    def close(self) -> None:
        """Closes the descriptor.

        Raises:
            OSError: What was written before could not be kept.
        """
        if not self.closed:
            super().close()
            os.close(self._descriptor)


def own_descriptor(path: str | os.PathLike[str]) -> int | None:
    """Finds the descriptor of this process that a path leads to: `/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/3`.

    Opening such a path would open the file again, with its own position, instead of using what the shell has opened.

    Args:
        path: A path, or a link.

    Returns:
        The descriptor; None if the path leads somewhere else, or nowhere.
    """
    # Not `resolve()`: that would follow the last link, from the descriptor to the file behind it.
    current = Path(path)
    for _ in range(_LINKS):
        folder = os.path.realpath(current.parent)
        if current.name.isdecimal() and _lists_descriptors(folder):
            return int(current.name)
        current = Path(folder, current.name)
        if not current.is_symlink():
            return None
        current = Path(folder, current.readlink())
    return None


def _lists_descriptors(folder: str) -> bool:
    own = _OWN.fullmatch(folder)
    return folder == "/dev/fd" or (own is not None and int(own["process"]) == os.getpid())


def duplicate(descriptor: int, name: str) -> DescriptorFile:
    """Duplicates a descriptor, after flushing what Python's own streams still buffer for it.

    Raises:
        OSError: It is not open.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # there is none, or it is closed
            if stream.fileno() == descriptor:
                stream.flush()
    try:
        return DescriptorFile(os.dup(descriptor), name)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None
