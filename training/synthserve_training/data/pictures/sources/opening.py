"""Opens the pictures of an address."""

from pathlib import Path

from synthserve_training.data.pictures import kinds
from synthserve_training.data.pictures.sources import Source
from synthserve_training.errors import DatasetError

_PACKED = (".parquet", ".zip", ".npz", ".gz", "")
"""What files of many pictures end in."""


def open_source(address: str, labels: str | None = None) -> Source:
    """Opens a source of pictures.

    Args:
        address: A folder, a file, or a pattern of Parquet files.
        labels: What the labels are, see the kind of the source; None: found out.

    Raises:
        DatasetError: It cannot be read, or holds no pictures.
    """
    match kinds.kind_of(kinds.first(address)):
        case "folder":
            return _folder(address, labels)
        case "zip":
            from synthserve_training.data.pictures.sources import listing, tree

            return tree.open_tree(listing.of_archive(address), labels)
        case "parquet":
            return _parquet(address, kinds.paths(address), labels)
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
    if not kinds.pictures_by_suffix(files.files):
        held = {name: kinds.kind_of(top / name) for name in files.files if Path(name).suffix in _PACKED}
        if shards := [top / name for name, kind in held.items() if kind == "parquet"]:
            return _parquet(address, shards, labels)
        if packed := [name for name, kind in held.items() if kind in ("zip", "npz", "idx")]:
            best = max(packed, key=lambda name: ("image" in name, "train" in name, files.files[name][0]))
            raise DatasetError(
                f"{address}: it holds no pictures as files: give one of its {len(packed):,} files, such as {top / best}"
            )
    return tree.open_tree(files, labels)


def _parquet(address: str, paths: list[Path], labels: str | None) -> Source:
    from synthserve_training.data.pictures.sources.parquet import ParquetPictures

    return ParquetPictures(address, paths, labels)
