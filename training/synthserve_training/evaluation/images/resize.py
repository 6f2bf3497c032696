"""Bilinear resizing, written out so that the figures do not depend on how a library does it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def bilinear(images: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Resizes to a square, with half-pixel centres and without antialiasing or rounding.

    Args:
        images: [n, height, width, channels].
        side: Of the square.

    Returns:
        [n, side, side, channels], in 0 to 255.
    """
    # Without matrix products: the threads of a BLAS keep spinning for a while, on the cores that the network needs.
    _, height, width, _ = images.shape
    wide = _blend(images.astype(np.float32), _places(width, side), axis=2)
    return _blend(wide, _places(height, side), axis=1)


@dataclass(frozen=True)
class _Places:
    """For each new line the two old lines around it, [after], and how near it is to the second of them, from 0 to 1."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    share: NDArray[np.float32]


@lru_cache(maxsize=8)
def _places(before: int, after: int) -> _Places:
    # A line's value is that at its middle, so the new line i is at (i + 1/2) * scale - 1/2, clipped to the picture.
    position = ((np.arange(after) + 0.5) * (before / after) - 0.5).clip(0, before - 1)
    low = np.floor(position).astype(np.int64)
    return _Places(low, np.minimum(low + 1, before - 1), (position - low).astype(np.float32))


def _blend(images: NDArray[np.float32], places: _Places, axis: int) -> NDArray[np.float32]:
    share = places.share.reshape([-1 if number == axis else 1 for number in range(images.ndim)])
    low = images.take(places.low, axis)
    low += share * (images.take(places.high, axis) - low)
    return low
