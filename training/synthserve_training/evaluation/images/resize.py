"""Bilinear resizing, written out so that the figures rest on no library's idea of it."""

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
    _, height, width, _ = images.shape
    rows, columns = _weights(height, side), _weights(width, side)
    wide = np.einsum("cw,nhwk->nhck", columns, images.astype(np.float32), optimize=True)
    resized: NDArray[np.float32] = np.einsum("rh,nhck->nrck", rows, wide, optimize=True)
    return resized


@lru_cache(maxsize=8)
def _weights(before: int, after: int) -> NDArray[np.float32]:
    """The share of each old line in each new one, [after, before]."""
    # A line's value stands at its middle, so the new line i looks at (i + 1/2) * scale - 1/2, held inside the picture.
    position = ((np.arange(after) + 0.5) * (before / after) - 0.5).clip(0, before - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, before - 1)
    share = position - low
    weights = np.zeros((after, before))
    np.add.at(weights, (np.arange(after), low), 1.0 - share)
    np.add.at(weights, (np.arange(after), high), share)
    return weights.astype(np.float32)
