"""Datasets: real data from official sources, verified by checksum.

A module of this package has `Options` and `load(options, files) -> pandas.DataFrame | Images`. A dataset of images can
have `held_out(options) -> Options | None`: the options of real data of the same kind that `options` does not train on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Images:
    """Images of one size.

    Attributes:
        pixels: uint8 [n, height, width, channels].
        labels: int64 [n].
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
