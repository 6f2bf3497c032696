"""What is measured of each picture when a source is inspected."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from synthserve_training.data.pictures.decoding import Decoded
from synthserve_training.data.pictures.sizing import in_channels
from synthserve_training.data.pictures.sources import Stored

CELL = 96
"""The side of the square that a thumbnail fits into."""

SMALL = 16
"""The side of the miniature that copies are compared by."""

_HASHED, _FREQUENCIES = 32, 8
_OPAQUE = 250
_COLOURLESS = 12  # levels between the channels of a grey picture, after JPEG has changed them
_DARK = 64


@dataclass(frozen=True)
class Glance:
    """What one picture is.

    Attributes:
        size: Width and height, the right way up.
        format: Such as `JPEG`; empty: pixels.
        colour: Whether it has colours; a picture stored as RGB can have none.
        transparent: Whether a part of it is transparent.
        dark_border: Whether its border is nearly black.
        digest: Of the stored content: the same for exact copies.
        hash: 64 bits that differ little between copies of other size or compression.
        small: uint8 [16, 16], grey: the picture as a square.
        thumbnail: The whole picture on white, at most `CELL` pixels high and wide.
    """

    size: tuple[int, int]
    format: str
    colour: bool
    transparent: bool
    dark_border: bool
    digest: bytes
    hash: int
    small: NDArray[np.uint8]
    thumbnail: Image.Image


def look(stored: Stored, decoded: Decoded) -> Glance:
    """Looks at one picture."""
    thumbnail = _thumbnail(decoded.image)
    transparent = "A" in thumbnail.getbands() and np.asarray(thumbnail)[..., -1].min() < _OPAQUE
    thumbnail = in_channels(thumbnail, "grey" if decoded.image.mode in ("L", "LA") else "rgb", "white")
    grey = thumbnail.convert("L").resize((_HASHED, _HASHED), Image.Resampling.BILINEAR)
    levels = np.asarray(grey)
    edge = np.concatenate([levels[0], levels[-1], levels[:, 0], levels[:, -1]])
    miniature = levels.reshape(SMALL, _HASHED // SMALL, SMALL, _HASHED // SMALL).mean(axis=(1, 3))
    return Glance(
        size=decoded.size,
        format=decoded.format,
        colour=_has_colour(thumbnail),
        transparent=bool(transparent),
        dark_border=float(np.median(edge)) < _DARK,
        digest=_digest(stored),
        hash=perceptual_hash(levels),
        small=miniature.round().astype(np.uint8),
        thumbnail=thumbnail,
    )


def _thumbnail(image: Image.Image) -> Image.Image:
    factor = CELL / max(image.size)
    if factor >= 1:
        return image
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.BOX)


def perceptual_hash(levels: NDArray[np.uint8]) -> int:
    """The perceptual hash of a picture ("pHash", after Zauner, 2010): the signs of its low frequencies.

    Args:
        levels: [32, 32], grey.

    Returns:
        64 bits: which of the 8x8 lowest frequencies of the discrete cosine transform are above their median.
    """
    low = dctn(levels.astype(np.float64), norm="ortho")[:_FREQUENCIES, :_FREQUENCIES].ravel()
    return int.from_bytes(np.packbits(low > np.median(low[1:])).tobytes(), "big")


def _has_colour(image: Image.Image) -> bool:
    if image.mode == "L":
        return False
    levels = np.asarray(image).astype(np.int16)
    return bool(np.percentile(np.ptp(levels, axis=-1), 99) > _COLOURLESS)


def _digest(stored: Stored) -> bytes:
    content = stored.content
    data = content if isinstance(content, bytes) else np.ascontiguousarray(content).data
    return hashlib.blake2b(data, digest_size=16).digest()
