"""Finds out whether an address is one of pictures, and opens it."""

import glob
import zipfile
from pathlib import Path
from typing import Literal

from synthserve_training.data.pictures.sources import Source
from synthserve_training.errors import DatasetError

Kind = Literal["folder", "zip", "npz", "idx", "parquet", "picture"]

_START = 4096
_PACKED = (".parquet", ".zip", ".npz", ".gz", "")
"""What files of many pictures end in."""

_ENCODED = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8")


def holds_pictures(address: str) -> bool:
    """Whether an address is that of pictures, not of a table: a folder, or a file whose content is pictures.

    It reads little of a file, and imports no library unless the file can be one of pictures.
    """
    return _kind(_first(address)) is not None


def open_source(address: str, labels: str | None = None) -> Source:
    """Opens a source of pictures.

    Args:
        address: A folder, a file, or a pattern of Parquet files.
        labels: What the labels are, see the kind of the source; None: found out.

    Raises:
        DatasetError: It cannot be read, or holds no pictures.
    """
    match _kind(_first(address)):
        case "folder":
            return _folder(address, labels)
        case "zip":
            from synthserve_training.data.pictures.sources import listing, tree

            return tree.open_tree(listing.of_archive(address), labels)
        case "parquet":
            return _parquet(address, _paths(address), labels)
        case "npz":
            from synthserve_training.data.pictures.sources.npz import NpzPictures

            return NpzPictures(address, labels)
        case "idx":
            from synthserve_training.data.pictures.sources.idx import IdxPictures

            return IdxPictures(address, labels)
        case "picture":
            raise DatasetError(f"{address}: it is one picture: give the folder of all pictures")
    if not Path(address).expanduser().exists():
        raise DatasetError(f"{address}: there is no such folder or file")
    raise DatasetError(
        f"{address}: it holds no pictures: give a folder, a ZIP archive, a Parquet file with a column of pictures, "
        "an NPZ file or an IDX file"
    )


def _folder(address: str, labels: str | None) -> Source:
    """The pictures of a folder, or those of the Parquet files in it."""
    from synthserve_training.data.pictures.sources import listing, tree

    files = listing.of_folder(address)
    top = Path(address).expanduser()
    if not tree.pictures_by_suffix(files.files):
        kinds = {name: _kind(top / name) for name in files.files if Path(name).suffix in _PACKED}
        if shards := [top / name for name, kind in kinds.items() if kind == "parquet"]:
            return _parquet(address, shards, labels)
        if packed := [name for name, kind in kinds.items() if kind in ("zip", "npz", "idx")]:
            best = max(packed, key=lambda name: ("image" in name, "train" in name, files.files[name][0]))
            raise DatasetError(
                f"{address}: it holds no pictures as files: give one of its {len(packed):,} files, such as {top / best}"
            )
    return tree.open_tree(files, labels)


def _parquet(address: str, paths: list[Path], labels: str | None) -> Source:
    from synthserve_training.data.pictures.sources.parquet import ParquetPictures

    return ParquetPictures(address, paths, labels)


def _paths(address: str) -> list[Path]:
    path = Path(address).expanduser()
    return [path] if path.exists() else [Path(found) for found in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - of any folder


def _first(address: str) -> Path | None:
    """The folder or file of an address, or the first of a pattern."""
    if "://" in address or address == "-":
        return None
    return next(iter(_paths(address)), None)


def _kind(path: Path | None) -> Kind | None:
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
    from synthserve_training.data.pictures.sources.idx import is_idx

    return "idx" if is_idx(start) else None


def _archive(path: Path) -> Kind | None:
    """What a ZIP archive is: tables, texts and programs are some, too."""
    from synthserve_training.data.pictures.sources.tree import pictures_by_suffix

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return None
    if "[Content_Types].xml" in names:  # an Excel file can have pictures in its sheets
        return None
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return "zip" if pictures_by_suffix(dict.fromkeys(names)) else None
