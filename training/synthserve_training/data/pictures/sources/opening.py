"""Finds out whether an address is one of pictures, and opens it."""

from pathlib import Path

from synthserve_training.data.pictures.sources import Source
from synthserve_training.errors import DatasetError


def holds_pictures(address: str) -> bool:
    """Whether an address is that of pictures, not of a table: a folder, or a file whose content is pictures.

    It reads the start of a file only, and imports no library unless it can be pictures.
    """
    path = Path(address).expanduser()
    return path.is_dir()


def open_source(address: str, labels: str | None = None) -> Source:
    """Opens a source of pictures.

    Args:
        address: A folder, or a file.
        labels: What the labels are, see the kind of the source; None: found out.

    Raises:
        DatasetError: It cannot be read, or holds no pictures.
    """
    from synthserve_training.data.pictures.sources import listing
    from synthserve_training.data.pictures.sources.labels import find
    from synthserve_training.data.pictures.sources.tree import Tree, is_picture, pictures_by_suffix

    path = Path(address).expanduser()
    files = listing.of_folder(address) if path.is_dir() else listing.of_archive(address)
    if not files.files:
        raise DatasetError(f"{address}: the folder is empty: put pictures into it (PNG, JPEG, WebP)")
    if not any(map(is_picture, files.files)):
        raise DatasetError(f"{address}: it holds no pictures, by the names of its {len(files.files):,} files")
    names = pictures_by_suffix(files.files) or [name for name in files.files if is_picture(name)]
    return Tree(files, find(files, names, labels))
