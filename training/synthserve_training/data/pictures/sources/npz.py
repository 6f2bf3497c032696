"""Pictures in NumPy's NPZ: an array of pictures, and one of as many labels."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import numpy as np
from numpy.lib import format as npy

from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import NO_LABELS, Stored
from synthserve_training.data.pictures.sources.arrays import blocks, from_here_on, levels, pictures_shape, white
from synthserve_training.errors import DatasetError

_BROKEN = (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class _Array:
    """The header of an array."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool


class NpzPictures:
    """The pictures of an NPZ file."""

    kind = "NPZ"

    def __init__(self, address: str, labels: str | None) -> None:
        """Finds the arrays: of several, those whose name says that they are for training, or else the largest.

        Args:
            address: Of the file.
            labels: The array of labels, or `none`; None: found out.

        Raises:
            DatasetError: It is no whole NPZ file, or has no array of pictures or of these labels.
        """
        self.address, self._path = address, Path(address).expanduser()
        arrays = _arrays(self._path)
        pictures = [array for array in arrays if pictures_shape(array.shape) and array.dtype.kind in "buif"]
        if not pictures:
            shapes = ", ".join(f"{array.name} {list(array.shape)}" for array in arrays) or "none"
            raise DatasetError(
                f"{address}: it has no array of pictures, [n, height, width, channels]. Arrays: {shapes}"
            )
        self._pictures = max(pictures, key=lambda array: ("train" in array.name.lower(), array.shape[0]))
        if self._pictures.fortran:
            raise DatasetError(f"{address}: {self._pictures.name} is in Fortran order: save np.ascontiguousarray of it")
        self._others = [array.name for array in pictures if array is not self._pictures]
        found = _label_array(address, arrays, self._pictures, labels)
        self._label = found.name if found else None
        self._labels = _read_labels(self._path, found) if found else None

    @property
    def labelled_by(self) -> str | None:
        """The array."""
        return f"array {self._label}" if self._label else None

    @property
    def fingerprint(self) -> str:
        """Of the file's size and time, and of the arrays."""
        state = self._path.stat()
        key = (state.st_size, state.st_mtime_ns, self._pictures.name, self._label)
        return hashlib.sha256(repr(key).encode()).hexdigest()

    def __len__(self) -> int:
        return self._pictures.shape[0]

    def pictures(self, problems: Problems) -> Iterator[Stored]:
        """Reads the pictures; they are named by their indices, from 0 as in NumPy."""
        array, index = self._pictures, 0
        for name in self._others:
            problems.add(
                name, f"the array is left out, as {array.name} is read: save it to a file of its own", left_out=False
            )
        try:
            most = white(self._largest())
            with _opened(self._path, array.name) as stream:
                for block in blocks(stream, array.shape, array.dtype):
                    for pixels in levels(block, most, f"{self.address}, {array.name}"):
                        label = None if self._labels is None else self._labels[index]
                        yield Stored(f"{array.name}[{index}]", pixels, label)
                        index += 1
        except _BROKEN as error:
            problems.add(f"{array.name}[{index}]", from_here_on(error), count=len(self) - index)

    def _largest(self) -> float:
        with _opened(self._path, self._pictures.name) as stream:
            every = blocks(stream, self._pictures.shape, self._pictures.dtype)
            return max((float(block.max()) for block in every), default=0.0)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """Opens an array, behind its header."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        _header(cast("BinaryIO", stream))
        yield cast("BinaryIO", stream)


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = npy.read_magic(stream)
    if version == (1, 0):
        return npy.read_array_header_1_0(stream)
    return npy.read_array_header_2_0(stream)


def _arrays(path: Path) -> list[_Array]:
    try:
        found = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).suffix == ".npy":
                    with archive.open(name) as stream:
                        shape, fortran, dtype = _header(cast("BinaryIO", stream))
                    found.append(_Array(name.removesuffix(".npy"), shape, dtype, fortran))
    except _BROKEN as error:
        raise DatasetError(f"{path}: it is no whole NPZ file ({error}): get it again") from None
    return found


def _label_array(address: str, arrays: list[_Array], pictures: _Array, wanted: str | None) -> _Array | None:
    if wanted == NO_LABELS:
        return None
    fitting = [
        array
        for array in arrays
        if array.dtype.kind in "buiUS" and array.shape in ((pictures.shape[0],), (pictures.shape[0], 1))
    ]
    if wanted is not None:
        for array in fitting:
            if array.name == wanted:
                return array
        names = ", ".join(array.name for array in fitting) or "none"
        raise DatasetError(f"{address}: {wanted!r} is no array of {pictures.shape[0]:,} labels; those are: {names}")
    # Of several, the one that shares most of its name with the pictures: y_train with x_train.
    common = set(pictures.name.lower().replace("_", " ").split())
    return max(fitting, key=lambda array: len(common & set(array.name.lower().replace("_", " ").split())), default=None)


def _read_labels(path: Path, array: _Array) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = arrays[array.name].ravel()
    except _BROKEN as error:
        raise DatasetError(f"{path}: its array {array.name} is damaged ({error}): get it again") from None
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values.tolist()]
