"""The training picture that is nearest to a sample, which shows whether a model copies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK = 512


@dataclass(frozen=True)
class Nearest:
    """The nearest picture of each sample.

    Attributes:
        distance: Root of the mean squared difference of the pixels, in levels of 0 to 255, [n].
        index: Which picture of the training data it is, [n].
    """

    distance: NDArray[np.float64]
    index: NDArray[np.int64]


def nearest(
    samples: NDArray[np.uint8],
    training: NDArray[np.uint8],
    *,
    mirrored: bool = False,
    leave_out: NDArray[np.int64] | None = None,
) -> Nearest:
    """Finds the nearest training picture by pixels.

    Args:
        samples: [n, height, width, channels].
        training: [m, height, width, channels].
        mirrored: Search the mirrored training pictures, too.
        leave_out: For each sample a training picture that is not searched, [n]: itself, where samples are training
            pictures.
    """
    flat = samples.reshape(len(samples), -1).astype(np.float32)
    squares = np.square(flat).sum(axis=1)
    best = np.full(len(samples), np.inf)
    index = np.zeros(len(samples), np.int64)
    for start in range(0, len(training), _BLOCK):
        block = training[start : start + _BLOCK]
        for pictures in (block, block[:, :, ::-1]) if mirrored else (block,):
            other = pictures.reshape(len(pictures), -1).astype(np.float32)
            distance = squares[:, None] + np.square(other).sum(axis=1) - 2.0 * (flat @ other.T)
            if leave_out is not None:
                inside = np.flatnonzero((leave_out >= start) & (leave_out < start + len(block)))
                distance[inside, leave_out[inside] - start] = np.inf
            closest = distance.argmin(axis=1)
            value = distance[np.arange(len(flat)), closest]
            better = value < best
            best[better], index[better] = value[better], start + closest[better]
    return Nearest(np.sqrt(best.clip(min=0.0) / flat.shape[1]), index)
