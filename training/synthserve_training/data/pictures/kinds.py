"""Finds out whether pictures are at an address, and in what.

It imports libraries only for files that can be some, as each command on a table asks first.
"""

import glob
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Literal

Kind = Literal["folder", "zip", "npz", "idx", "parquet", "picture"]
"""What pictures are in; `picture`: a file of one."""

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm")
"""Of files of pictures that are read."""

_START = 4096
_ENCODED = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8")
_UNSIGNED_BYTES = 8


def holds_pictures(address: str) -> bool:
    """Whether an address is that of pictures, not of a table: a folder, or a file whose content is pictures."""
    return kind_of(first(address)) is not None


def paths(address: str) -> list[Path]:
    """The file or folder of an address, or all that match a pattern, sorted; none where there are none."""
    path = Path(address).expanduser()
    return [path] if path.exists() else [Path(found) for found in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - of any folder


def first(address: str) -> Path | None:
    """The first of `paths`; None: there is none on this machine."""
    if "://" in address or address == "-":
        return None
    return next(iter(paths(address)), None)


def pictures_by_suffix(names: Iterable[str]) -> list[str]:
    """The names of files that are pictures by their suffix."""
    return [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]


def is_idx(start: bytes) -> bool:
    """Whether a file that begins so, compressed or not, is an IDX file of unsigned bytes."""
    if start.startswith(b"\x1f\x8b"):
        try:
            start = zlib.decompressobj(wbits=31).decompress(start, 4)
        except zlib.error:
            return False
    return len(start) >= 4 and start[:3] == bytes((0, 0, _UNSIGNED_BYTES)) and 1 <= start[3] <= 4


def kind_of(path: Path | None) -> Kind | None:
    """What holds pictures at a path; None: it is something else, or there is nothing."""
    if path is None:
        return None
    try:
        if path.is_dir():
            return "folder"
        if not path.is_file():  # a pipe, which can be read once
            return None
        with path.open("rb") as stream:
            start = stream.read(_START)
    except OSError:
        return None
    if start.startswith(_ENCODED) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "picture"
    if start.startswith(b"PAR1"):
        from synthserve_training.data.pictures.sources.parquet import has_pictures

        return "parquet" if has_pictures(path) else None
    if start.startswith(b"PK\x03\x04"):
        return _archive(path)
    return "idx" if is_idx(start) else None


def _archive(path: Path) -> Kind | None:
    """What a ZIP archive is: tables, texts and programs are some, too."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return None
    if "[Content_Types].xml" in names:  # an Excel file can have pictures in its sheets
        return None
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return "zip" if pictures_by_suffix(names) else None
