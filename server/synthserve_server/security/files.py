"""Reloads files when they change, so that secrets can be renewed while the server runs."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from synthserve_core import text_files
from synthserve_core.text_files import TextFileError

T = TypeVar("T")

_MOST_BYTES = 16 << 20

_log = structlog.get_logger()


class CredentialsError(Exception):
    """A certificate, key or token file is not usable; the message is one sentence and quotes no content."""


class Watched(Generic[T]):
    """A value made from files, and made again when one of them changes."""

    def __init__(self, files: Sequence[Path], make: Callable[[], T]) -> None:
        """Reads the files.

        Args:
            files: The files to watch.
            make: Makes the value from them.

        Raises:
            CredentialsError: They cannot be used.
        """
        self._files = files
        self._make = make
        self._seen = self._stamps()
        self._refused = self._seen  # the last state of the files that was logged
        self._value = make()

    def current(self) -> tuple[T, bool]:
        """The current value, and whether it has changed since the last call.

        If changed files cannot be used, the old value stays. That is logged once for each state of the files, and the
        next call tries again.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return self._value, False
        try:
            self._value = self._make()
        except CredentialsError as error:
            if stamps != self._refused:
                _log.error("credentials not renewed, the old ones stay", why=str(error))
            self._refused = stamps
            return self._value, False
        self._seen = stamps
        _log.info("credentials renewed", files=[file.name for file in self._files])
        return self._value, True

    def _stamps(self) -> list[tuple[int, int, int, int] | None]:
        found: list[tuple[int, int, int, int] | None] = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
        return found


def read(file: Path) -> bytes:
    """Reads a file.

    Raises:
        CredentialsError: It cannot be read, is not a regular file, or is too large to hold credentials.
    """
    try:
        status = file.stat()
        # Reading anything else, such as a pipe, could block forever, and with it every connection.
        if not stat.S_ISREG(status.st_mode):
            raise CredentialsError(f"{file.name} is {'a folder' if stat.S_ISDIR(status.st_mode) else 'not a file'}")
        if status.st_size > _MOST_BYTES:
            raise CredentialsError(f"{file.name} has more than {_MOST_BYTES >> 20} MiB: it is another kind of file")
        return file.read_bytes()
    except OSError as error:
        raise CredentialsError(f"{file.name} cannot be read: {error.strerror}") from None


def read_text(file: Path) -> str:
    """Reads a text file; see `text_files.decode`.

    Raises:
        CredentialsError: See `read`; or it is not UTF-8 text.
    """
    try:
        return text_files.decode(read(file))
    except TextFileError as error:
        raise CredentialsError(f"{file.name} {error}") from None
