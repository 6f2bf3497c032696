"""What is proposed to make of pictures: the size, the channels, and what happens where proportions differ."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthserve_training.data.pictures.sizing import Background, Channels, Fit

_LARGEST = 64
"""The proposed side of pictures that are at least as large: what small machines learn in minutes."""

_MULTIPLE = 4
"""Sides are multiples of it, as the networks halve them twice."""

_SMALLEST = 8
_TOO_LONG = 2.0
"""From this proportion of the sides on, the middle is less than half of a picture."""


@dataclass(frozen=True)
class Proposal:
    """How pictures are proposed to be read.

    Attributes:
        height: In pixels.
        width: In pixels.
        fit: What happens where the proportions differ.
        channels: Grey, or colours.
        background: Of transparent and of padded pictures.
        why: The reasons, in words, by field.
    """

    height: int
    width: int
    fit: Fit
    channels: Channels
    background: Background
    why: Mapping[str, str]


def propose(sizes: Counter[tuple[int, int]], *, coloured: int, dark: int) -> Proposal:
    """Proposes how pictures are read.

    Args:
        sizes: How many pictures have a width and a height.
        coloured: How many pictures have colours.
        dark: How many have a dark border.
    """
    count = sizes.total()
    channels: Channels = "rgb" if coloured else "grey"
    background: Background = "black" if 2 * dark > count else "white"
    why = {"channels": f"{coloured:,} of {count:,} pictures have colours" if coloured else "no picture has colours"}
    if len(sizes) == 1:
        ((width, height),) = sizes
        if max(width, height) <= _LARGEST:
            wide, high = (max(_SMALLEST, -(-side // _MULTIPLE) * _MULTIPLE) for side in (width, height))
            same = (wide, high) == (width, height)
            why |= {"size": "as all pictures are" if same else "as all pictures are, up to the next multiple of 4"}
            return Proposal(high, wide, "crop" if same else "pad", channels, background, why)
    widths, heights = (np.repeat([size[side] for size in sizes], list(sizes.values())) for side in (0, 1))
    short = int(np.median(np.minimum(widths, heights)))
    side = max(_SMALLEST, min(_LARGEST, short // _MULTIPLE * _MULTIPLE))
    proportion = float(np.median(np.maximum(widths, heights) / np.minimum(widths, heights)))
    long = proportion > _TOO_LONG
    why |= {
        "size": f"the median of the shorter sides is {short:,} pixels",
        "fit": f"the median of long by short side is {proportion:.1f}"
        + (", of which the middle is less than half" * long),
    }
    return Proposal(side, side, "pad" if long else "crop", channels, background, why)
