"""Finds the files of an address: on this machine, on standard input, or on the network."""

import errno
import glob
import stat
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Protocol

from synthserve_training import problems
from synthserve_training.data.reading.files.compression import StoredFile, reported, stored_file
from synthserve_training.data.reading.files.temporary import TemporaryCopy
from synthserve_training.errors import ReadingError

STANDARD_INPUT = "-"
_TIMEOUT_SECONDS = 60
_DATABASES = frozenset(
    {"sqlite", "postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle", "duckdb", "snowflake"}
)
_COPY_BYTES = 1 << 20


class _Stream(Protocol):
    """A stream of bytes."""

    def read(self, count: int, /) -> bytes:
        """Reads some bytes; none at the end."""
        ...


def find(address: str) -> list[StoredFile]:
    """Finds the files of an address.

    What cannot be read twice, standard input and the network, is copied to a temporary file, which lives as long as the
    returned object.

    Args:
        address: A file, a pattern of files such as `data/*.csv`, `-` for standard input, or an address such as
            `s3://bucket/file.csv`.

    Returns:
        At least one file; those of a pattern sorted by name.

    Raises:
        ReadingError: There is no such file, it is a folder, it may not be read, or the network fails.
    """
    if address == STANDARD_INPUT:
        return [_spooled("standard input", sys.stdin.buffer)]
    scheme, separated, _path = address.partition("://")
    if separated and scheme == "file":
        return _local(urllib.parse.unquote(urllib.parse.urlsplit(address).path))
    if separated and scheme in {"http", "https"}:
        return [_downloaded(address)]
    return _remote(address) if separated else _local(address)


def is_database(address: str) -> bool:
    """Whether an address is the URL of a database."""
    scheme, separated, _ = address.partition("://")
    return bool(separated) and scheme.partition("+")[0] in _DATABASES


def decompressed(file: StoredFile) -> StoredFile:
    """A file whose bytes are not compressed, for formats that are not read from start to end."""
    if file.compression is None:
        return file
    with file.open() as stream:
        return _spooled(file.name, stream)


def shown(address: str) -> str:
    """An address without the secrets that it may have: user, password, and signatures."""
    if "://" not in address:
        return address
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _local(address: str) -> list[StoredFile]:
    path = Path(address).expanduser()
    if not reported(address, path.exists):
        if glob.has_magic(address):
            return _matching(address)
        raise ReadingError(f"{address}: there is no such file{_meant(path)}")
    mode = reported(address, path.stat).st_mode
    if stat.S_ISDIR(mode):
        raise ReadingError(
            f"{address}: it is a folder: give a file, or a pattern such as '{address.rstrip('/')}/*.csv'"
        )
    if stat.S_ISREG(mode):
        return [stored_file(address, path)]
    with reported(address, lambda: path.open("rb")) as pipe:
        return [_spooled(address, pipe)]


def _matching(pattern: str) -> list[StoredFile]:
    paths = [Path(path) for path in sorted(glob.glob(str(Path(pattern).expanduser()), recursive=True))]  # noqa: PTH207 - of any folder
    files = [stored_file(str(path), path) for path in paths if path.is_file()]
    if not files:
        raise ReadingError(f"{pattern}: no file matches this pattern")
    return files


def _meant(path: Path) -> str:
    try:
        return problems.did_you_mean(path.name, (other.name for other in path.parent.iterdir()))
    except OSError:
        return ""


def _downloaded(address: str) -> StoredFile:
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - http or https
            return _spooled(shown(address), response)
    except urllib.error.HTTPError as error:
        raise ReadingError(f"{shown(address)}: the server answers {error.code} {error.reason}") from None
    except (urllib.error.URLError, TimeoutError) as error:
        raise ReadingError(f"{shown(address)}: it cannot be fetched: {getattr(error, 'reason', error)}") from None


def _remote(address: str) -> list[StoredFile]:
    """The files of an address that fsspec knows."""
    import fsspec  # type: ignore[import-untyped]  # it takes long, and only the network needs it

    name = shown(address)
    try:
        found = fsspec.open_files(address, "rb")
        if not found:
            raise ReadingError(f"{name}: no file matches this pattern")
        several = len(found) > 1
        files = []
        for remote in found:
            with remote as stream:
                files.append(_spooled(remote.path if several else name, stream))
    except ImportError as error:
        raise ReadingError(f"{name}: {error}") from None
    except ValueError as error:
        raise ReadingError(f"{name}: it is neither a file nor a known kind of address: {error}") from None
    except FileNotFoundError:
        raise ReadingError(f"{name}: there is no such file") from None
    except ReadingError:
        raise
    except Exception as error:  # Each library of a network raises its own errors.
        raise ReadingError(f"{name}: it cannot be fetched: {error}") from error
    return files


def _spooled(name: str, stream: _Stream) -> StoredFile:
    """Copies a stream to a temporary file."""
    temporary = TemporaryCopy()
    try:
        with temporary.path.open("wb") as copy:
            while block := stream.read(_COPY_BYTES):
                copy.write(block)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ReadingError(
                f"{name}: no space is left for a copy in {temporary.path.parent}: set TMPDIR to another folder"
            ) from None
        raise ReadingError(f"{name}: it cannot be read: {error.strerror or error}") from None
    return stored_file(name, temporary.path, temporary)
