"""Opens files that are plain or compressed, which their first bytes decide, and reads them as a stream of bytes."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar, cast

from synthserve_training.errors import ReadingError

T = TypeVar("T")

_MAGIC = {
    b"\x1f\x8b": "gz",
    b"\x28\xb5\x2f\xfd": "zst",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bz2",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError)
"""What the libraries raise at compressed bytes that are broken, or that they cannot read."""


@dataclass(frozen=True)
class StoredFile:
    """A file on this machine.

    Attributes:
        name: As people know it.
        path: Where its bytes lie.
        size: Its bytes when it was found. What is written behind them later is not read.
        compression: `gz`, `zst`, `xz`, `bz2`, `zip` or None.
        member: The file in a zip archive.
        holder: What removes the file when it is no longer referred to, if it is a temporary one.
    """

    name: str
    path: Path
    size: int
    compression: str | None = None
    member: str | None = None
    holder: object = None

    def open(self) -> "ByteStream":
        """Opens it to read the decompressed bytes."""
        return ByteStream(self)


class ByteStream:
    """The decompressed bytes of a file, from its start. It is a context manager.

    Errors of reading and decompression are `ReadingError`s that name the file.
    """

    def __init__(self, file: StoredFile) -> None:
        self._file = file
        self._raw = reported(file.name, lambda: file.path.open("rb"))
        self._archive: zipfile.ZipFile | None = None
        try:
            self._stream = self._decompressed()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def position(self) -> int:
        """How many bytes of the stored file have been read."""
        return min(self._raw.tell(), self._file.size)

    def read(self, count: int) -> bytes:
        """Reads bytes: as many as asked for, unless the file ends.

        Raises:
            ReadingError: The file cannot be read, or its compressed bytes are broken.
        """
        if self._file.compression is None:
            count = min(count, self._file.size - self._raw.tell())
        try:
            data = self._stream.read(count)
            while 0 < len(data) < count and (more := self._stream.read(count - len(data))):
                data += more
        except _BROKEN as error:
            if self._file.compression is None:
                raise ReadingError(f"{self._file.name}: it cannot be read: {error}") from None
            raise ReadingError(
                f"{self._file.name}: its compressed bytes are broken or cut off near byte {self.position:,} "
                f"of {self._file.size:,} ({error}): copy it again"
            ) from None
        return data

    def close(self) -> None:
        """Closes the file."""
        if self._archive:
            self._archive.close()
        self._raw.close()

    def _decompressed(self) -> BinaryIO:
        match self._file.compression:
            case "gz":
                return cast("BinaryIO", gzip.GzipFile(fileobj=self._raw))
            case "xz":
                return cast("BinaryIO", lzma.LZMAFile(self._raw))
            case "bz2":
                return cast("BinaryIO", bz2.BZ2File(self._raw))
            case "zst":
                import pyarrow as pa  # it takes long, and few files need it

                return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(self._raw, mode="r"), "zstd"))
            case "zip":
                try:
                    self._archive = zipfile.ZipFile(self._raw)
                    return cast("BinaryIO", self._archive.open(self._file.member or ""))
                except _BROKEN as error:
                    raise ReadingError(f"{self._file.name}: the zip archive cannot be read: {error}") from None
            case _:
                return self._raw


def stored_file(name: str, path: Path, holder: object = None) -> StoredFile:
    """Finds out how a file is compressed.

    Args:
        name: As people know it.
        path: Where its bytes lie.
        holder: What removes the file when it is no longer referred to, if it is a temporary one.

    Raises:
        ReadingError: It cannot be read, or it is a zip archive that does not hold exactly one file.
    """
    size = reported(name, lambda: path.stat().st_size)
    with reported(name, lambda: path.open("rb")) as raw:
        start = raw.read(8)
    compression = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    member = None
    if compression == "zip":
        members = _members(name, path)
        if "[Content_Types].xml" in members or "mimetype" in members:  # An Excel or OpenDocument file
            compression = None
        else:
            member = _only(name, members)
    return StoredFile(name, path, size, compression, member, holder)


def reported(name: str, action: Callable[[], T]) -> T:
    """Does something with a file; an error of the system becomes a `ReadingError` that names the file."""
    try:
        return action()
    except FileNotFoundError:
        raise ReadingError(f"{name}: there is no such file") from None
    except PermissionError:
        raise ReadingError(f"{name}: this user may not read it: change its permissions") from None
    except OSError as error:
        raise ReadingError(f"{name}: it cannot be read: {error.strerror or error}") from None


def _members(name: str, path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except _BROKEN as error:
        raise ReadingError(f"{name}: the zip archive is broken or cut off ({error}): copy it again") from None


def _only(name: str, members: list[str]) -> str:
    """The one file of an archive, without what operating systems add."""
    files = [member for member in members if not member.endswith("/") and not _is_hidden(member)]
    if len(files) == 1:
        return files[0]
    if not files:
        raise ReadingError(f"{name}: the zip archive is empty")
    listed = ", ".join(files[:5]) + (", …" if len(files) > 5 else "")
    raise ReadingError(f"{name}: the zip archive holds {len(files)} files ({listed}): unpack it and give one of them")


def _is_hidden(member: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in member.split("/"))
