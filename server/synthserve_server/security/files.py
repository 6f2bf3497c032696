"""Files that are read again when they change, so that secrets can be renewed while the server runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")

_log = structlog.get_logger()


class CredentialsError(Exception):
    """A certificate, key or token file is not usable; the message is one sentence without their contents."""


class Watched(Generic[T]):
    """What was made of some files, made anew when one of them has changed."""

    def __init__(self, files: Sequence[Path], make: Callable[[], T]) -> None:
        """Reads the files.

        Args:
            files: The files; a change of any of them counts.
            make: Reads them.

        Raises:
            CredentialsError: They cannot be used.
        """
        self._files = files
        self._make = make
        self._seen = self._stamps()
        self._value = make()

    def current(self) -> tuple[T, bool]:
        """What the files hold now, and whether that is new since the last time.

        Files that cannot be used any more change nothing: what was read before stays, and the log says so, once.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return self._value, False
        self._seen = stamps
        try:
            self._value = self._make()
        except CredentialsError as error:
            _log.error("credentials not renewed, the old ones stay", why=str(error))
            return self._value, False
        _log.info("credentials renewed", files=[file.name for file in self._files])
        return self._value, True

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        found: list[tuple[int, int, int] | None] = []
        for file in self._files:
            try:
                status = file.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return found


def read(file: Path) -> bytes:
    """Reads a file.

    Raises:
        CredentialsError: It cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise CredentialsError(f"{file.name} cannot be read: {error.strerror}") from None
