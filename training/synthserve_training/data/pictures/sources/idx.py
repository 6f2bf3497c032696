"""Pictures in IDX files, as MNIST has them: one file of pictures, and one of labels beside it."""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from synthserve_training.data.pictures.kinds import is_idx
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import NO_LABELS, Stored
from synthserve_training.data.pictures.sources.arrays import blocks, from_here_on, levels
from synthserve_training.errors import DatasetError

_BROKEN = (OSError, EOFError, zlib.error)


class IdxPictures:
    """The pictures of an IDX file."""

    kind = "IDX"

    def __init__(self, address: str, labels: str | None) -> None:
        """Finds the file of labels.

        Args:
            address: Of the pictures.
            labels: The file of labels, or `none`; None: found by its name.

        Raises:
            DatasetError: A file is no IDX, or the labels are of another number of pictures.
        """
        self.address, self._path = address, Path(address).expanduser()
        with _opened(self._path) as (_, shape):
            self._shape = shape
        if len(shape) == 1:
            raise DatasetError(
                f"{address}: it holds labels: give the file of the pictures, whose name has images in it"
            )
        if len(shape) not in (3, 4):
            raise DatasetError(f"{address}: it is of {len(shape)} dimensions, and pictures are of 3: n, height, width")
        self._labels_path = None if labels == NO_LABELS else self._find(labels)
        self._labels = _labels(self._labels_path) if self._labels_path else None
        if self._labels is not None and len(self._labels) != shape[0]:
            raise DatasetError(
                f"{self._labels_path}: it has {len(self._labels):,} labels for {shape[0]:,} pictures: give the file of "
                'these as labels, or labels = "none"'
            )

    @property
    def labelled_by(self) -> str | None:
        """The file of labels."""
        return self._labels_path.name if self._labels_path else None

    @property
    def fingerprint(self) -> str:
        """Of both files' sizes and times."""
        states = [path.stat() for path in (self._path, self._labels_path) if path]
        return hashlib.sha256(repr([(each.st_size, each.st_mtime_ns) for each in states]).encode()).hexdigest()

    def __len__(self) -> int:
        return self._shape[0]

    def pictures(self, problems: Problems) -> Iterator[Stored]:
        """Reads the pictures; they are named by their numbers, from 1."""
        number = 0
        try:
            with _opened(self._path) as (stream, shape):
                for block in blocks(stream, shape, np.dtype(np.uint8)):
                    for pixels in levels(block, 255, self.address):
                        label = None if self._labels is None else str(self._labels[number])
                        number += 1
                        yield Stored(f"picture {number}", pixels, label)
        except _BROKEN as error:
            problems.add(f"picture {number + 1}", from_here_on(error), count=len(self) - number)

    def _find(self, given: str | None) -> Path | None:
        if given is not None:
            return Path(given)
        for images, labels in (("images", "labels"), ("idx3", "idx1")):
            name = self._path.name.replace("idx3", "idx1").replace(images, labels)
            for suffix in ("", ".gz"):
                found = self._path.with_name(name.removesuffix(".gz") + suffix)
                if name != self._path.name and found.is_file():
                    return found
        return None


def _labels(path: Path) -> list[int]:
    with _opened(path) as (stream, shape):
        if len(shape) != 1:
            raise DatasetError(f"{path}: it is of {len(shape)} dimensions, and labels are of one: give another file")
        try:
            values = [int(value) for block in blocks(stream, shape, np.dtype(np.uint8)) for value in block]
        except _BROKEN as error:
            raise DatasetError(f"{path}: it is damaged ({error}): get it again") from None
    return values


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, tuple[int, ...]]]:
    """Opens an IDX file: its values, and their shape."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise DatasetError(f"{path}: it cannot be read: {error.strerror}") from None
    with raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        try:
            start = stream.read(4)
            if not is_idx(start):
                raise DatasetError(f"{path}: it is no IDX file of unsigned bytes")
            shape = struct.unpack(f">{start[3]}I", stream.read(4 * start[3]))
        except (*_BROKEN, struct.error) as error:
            raise DatasetError(f"{path}: it is damaged ({error}): get it again") from None
        yield stream, shape
