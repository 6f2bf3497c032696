"""PNG files (ISO/IEC 15948), filtered for a whole batch at once and compressed one by one.

This was the fastest of the measured encoders whose files are no larger than libpng's at level 1; see
`docs/benchmarks.md`.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {1: 0, 3: 2}  # by the number of channels: grey, RGB
_NONE, _AVERAGE = 0, 3  # filter types
_LEVEL = 1


def encode(images: NDArray[np.uint8], chunks: Sequence[bytes]) -> list[bytes]:
    """Encodes images.

    The bytes of an image depend only on its pixels, its chunks, and the family of processors.

    Args:
        images: uint8, `[images, height, width, channels]`, with 1 (grey) or 3 (RGB) channels.
        chunks: For each image the chunks to put before its pixels, as `chunk` makes them.
    """
    _, height, width, channels = images.shape
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0))
    lines = _filtered(images)
    return [
        b"".join((_SIGNATURE, header, before, chunk(b"IDAT", _compressed(line.data)), _END))
        for line, before in zip(lines, chunks, strict=True)
    ]


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk: its length, kind, data and checksum."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


_END = chunk(b"IEND", b"")


def _filtered(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bytes to compress, `[images, height * (1 + width * channels)]`: each line after its filter type.

    The filter Average (of the left and the upper neighbour) is used where it at least halves the sum of the bytes, as
    it does for photographs but not for drawings (the heuristic of the standard's section 12.7, for whole images).
    """
    count, height, width, channels = images.shape
    lines = np.empty((count, height, 1 + width * channels), np.uint8)
    residuals = lines[:, :, 1:].reshape(count, height, width, channels)
    neighbours = np.zeros(images.shape, np.uint16)
    neighbours[:, :, 1:] += images[:, :, :-1]
    neighbours[:, 1:] += images[:, :-1]
    np.subtract(images, (neighbours >> 1).astype(np.uint8), out=residuals)
    plain = _magnitude(images) < 2 * _magnitude(residuals)
    residuals[plain] = images[plain]
    lines[:, :, 0] = np.where(plain, _NONE, _AVERAGE)[:, None]
    return lines.reshape(count, height * (1 + width * channels))


def _magnitude(values: NDArray[np.uint8]) -> NDArray[Any]:
    """For each image the sum of the absolute values of its bytes, read as signed numbers."""
    distance: NDArray[Any] = np.minimum(values, np.negative(values)).sum(axis=(1, 2, 3), dtype=np.int64)
    return distance


def _compressed(data: memoryview) -> bytes:
    compressed: bytes = isal_zlib.compress(data, _LEVEL)
    # Compression enlarges noise.
    return compressed if len(compressed) < len(data) else zlib.compress(data, 0)
