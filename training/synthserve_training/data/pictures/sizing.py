"""Brings a picture to the size and the channels that a model is trained on."""

from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Fit = Literal["crop", "pad", "resize"]
"""What happens where the proportions differ: the middle is kept, bars are added, or the picture is distorted."""

Channels = Literal["grey", "rgb"]
Background = Literal["white", "black"]

_LEVEL = {"white": 255, "black": 0}


def sized(
    image: Image.Image, height: int, width: int, fit: Fit, channels: Channels, background: Background
) -> NDArray[np.uint8]:
    """Brings a picture to a size.

    Args:
        image: Of the mode L, LA, RGB or RGBA.
        height: In pixels.
        width: In pixels.
        fit: What happens where the proportions differ.
        channels: Of the result.
        background: What is seen where the picture is transparent, and beside it where it is padded.

    Returns:
        uint8 [height, width, 1 or 3].
    """
    match fit:
        case "crop":
            image = _scaled(image, width, height, _middle(image, width / height))
        case "pad":
            image = _padded(image, width, height, background)
        case "resize":
            image = _scaled(image, width, height, _whole(image))
        case _:
            assert_never(fit)
    pixels = np.asarray(in_channels(image, channels, background))
    return pixels.reshape(height, width, -1)


def in_channels(image: Image.Image, channels: Channels, background: Background) -> Image.Image:
    """Composes a picture onto a background, and gives it the channels.

    Args:
        image: Of the mode L, LA, RGB or RGBA.
        channels: Of the result: the mode L or RGB.
        background: What is seen where the picture is transparent.
    """
    if image.mode in ("LA", "RGBA"):
        ground = Image.new("RGBA", image.size, (*[_LEVEL[background]] * 3, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    mode = "L" if channels == "grey" else "RGB"
    return image if image.mode == mode else image.convert(mode)


_Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


def _whole(image: Image.Image) -> _Box:
    return 0.0, 0.0, float(image.width), float(image.height)


def _middle(image: Image.Image, proportion: float) -> _Box:
    """The largest box of a proportion (width by height) in the middle of a picture."""
    width, height = image.size
    wide, high = min(width, height * proportion), min(height, width / proportion)
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, left + wide, top + high


def _padded(image: Image.Image, width: int, height: int, background: Background) -> Image.Image:
    factor = min(width / image.width, height / image.height)
    wide, high = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    inner = _scaled(image, wide, high, _whole(image))
    level = _LEVEL[background]
    colour = (level,) * len(inner.getbands())
    padded = Image.new(inner.mode, (width, height), colour if len(colour) > 1 else level)
    padded.paste(inner, ((width - wide) // 2, (height - high) // 2))
    return padded


def _scaled(image: Image.Image, width: int, height: int, box: _Box) -> Image.Image:
    """A box of a picture at another size; where it shrinks, each new pixel is the mean of those that it covers."""
    if (width, height) == image.size and box == _whole(image):
        return image
    shrinks = box[2] - box[0] >= width and box[3] - box[1] >= height
    method = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    return image.resize((width, height), method, box=box)
