"""Pixels and labels that lie in arrays: what IDX and NPZ files have in common."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.pictures.decoding import Pixels
from synthserve_training.errors import DatasetError

_BLOCK_BYTES = 1 << 24
_CHANNELS = (1, 3, 4)


def pictures_shape(shape: tuple[int, ...]) -> bool:
    """Whether arrays of a shape can be pictures: [n, height, width], or with channels in front or behind."""
    return len(shape) == 3 or (len(shape) == 4 and (shape[-1] in _CHANNELS or shape[1] in _CHANNELS))


def blocks(stream: BinaryIO, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Iterator[NDArray[np.generic]]:
    """Reads an array block by block, [some, *shape[1:]] each.

    Args:
        stream: Its values, in C order.
        shape: Of the whole array.
        dtype: Of its values.

    Raises:
        EOFError: The stream ends before; what is whole is given first.
    """
    one = int(np.prod(shape[1:])) * dtype.itemsize
    step = max(1, _BLOCK_BYTES // max(one, 1))
    for start in range(0, shape[0], step):
        count = min(step, shape[0] - start)
        data = stream.read(count * one)
        whole = len(data) // max(one, 1)
        yield np.frombuffer(data, dtype, whole * one // dtype.itemsize).reshape(whole, *shape[1:])
        if whole < count:
            raise EOFError("its end is missing")


def from_here_on(error: Exception) -> str:
    """What is wrong with a file that is damaged in its middle, and what to do."""
    reason = str(error).partition("\n")[0]
    return f"from here on the file is damaged ({reason}): copy or download it again"


def levels(block: NDArray[np.generic], most: float, name: str) -> Pixels:
    """Turns an array of pictures into levels, channels last.

    Args:
        block: [n, height, width], [n, height, width, channels] or [n, channels, height, width].
        most: The largest value that stands for white: 1, 255 or 65,535.
        name: For messages.

    Raises:
        DatasetError: The values are no levels.
    """
    if block.ndim == 4 and block.shape[-1] not in _CHANNELS:
        block = np.moveaxis(block, 1, -1)
    if block.dtype == np.uint8 and most == 255:
        return block.astype(np.uint8)
    values = block.astype(np.float32)
    if not np.isfinite(values).all() or values.min(initial=0) < 0 or values.max(initial=0) > most:
        raise DatasetError(f"{name}: its values are no levels from 0 to {most:g}: scale them to 0 to 255")
    return (values * (255 / most)).round().astype(np.uint8)


def white(largest: float) -> float:
    """The value that stands for white.

    Args:
        largest: Of all values.
    """
    return next((value for value in (1, 255) if largest <= value), 65_535)
