"""Where output goes: a path, written so that nobody takes half a file for a whole one, or an open file."""

from __future__ import annotations

import io
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

Target: TypeAlias = str | os.PathLike[str] | BinaryIO
"""A path, or a file that is open for writing bytes."""


def is_path(target: Target) -> bool:
    """Whether `target` is a path rather than an open file."""
    return isinstance(target, (str, os.PathLike))


class Destination:
    """A file being written.

    A path is written to a sibling with a name of its own, which takes the path's place on `commit()` and vanishes on
    `discard()`. A device, a pipe or an open file is written to directly. It has as much of a file's interface as
    pyarrow needs to write to it; `close()` does nothing, so that pyarrow cannot decide when the file is whole.

    Args:
        target: Where to write.

    Raises:
        OSError: The file cannot be created.
        TypeError: The file is open for text.
    """

    closed = False

    def __init__(self, target: Target) -> None:
        self._written = 0
        self._discarded = False
        self._final: Path | None = None
        self._partial: Path | None = None
        if not is_path(target):
            if isinstance(target, io.TextIOBase):
                raise TypeError("the file must be open for bytes: open(path, 'wb'), io.BytesIO(), sys.stdout.buffer")
            self._file = cast("BinaryIO", target)
            return
        # Through a link, not over it.
        path = Path(cast("str | os.PathLike[str]", target)).resolve()
        self._name = os.fspath(cast("str | os.PathLike[str]", target))
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder, not a file", self._name)
        if path.exists() and not path.is_file():
            self._final, self._file = path, path.open("wb")
            return
        self._final = path
        self._partial = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
        with self._told():
            self._file = self._partial.open("xb")

    def write(self, data: bytes) -> int:
        """Writes all of `data`; nothing after `discard()`."""
        if not self._discarded:
            self._file.write(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Returns the bytes written so far; an open file or a pipe may have no position of its own."""
        return self._written

    def flush(self) -> None:
        """Hands what is written to the reader of an open file; a path has no reader before `commit()`."""
        if self._partial is None and not self._discarded:
            self._file.flush()

    def close(self) -> None:
        """Does nothing; see `commit()` and `discard()`."""

    def commit(self) -> None:
        """Makes the file appear under its name."""
        if self._final is None:
            self._file.flush()
            return
        self._file.close()
        if self._partial is not None:
            with self._told():
                self._partial.replace(self._final)

    def discard(self) -> None:
        """Removes what was written, where that is possible."""
        self._discarded = True
        if self._final is None:
            return
        self._file.close()
        if self._partial is not None:
            self._partial.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        # Under the name that the caller gave, not that of the sibling, which nobody asked for.
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from None


def write_whole(path: Path, data: bytes) -> None:
    """Writes a small file that is either whole or not there.

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
