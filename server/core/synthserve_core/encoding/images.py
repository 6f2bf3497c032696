"""Encodes images as PNG and JPEG with their provenance, or as bare pixels."""

import enum
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synthserve_core.encoding import png

# Parallelism comes from the worker threads.
cv2.setNumThreads(1)

_KEYWORD = b"synthserve"

# The shortest valid XMP: the prefix of a namespace is arbitrary, and the x:xmpmeta envelope is optional.
_XMP = (
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF>'
)


class Format(enum.Enum):
    """A file format for images; the value of a member is its media type."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    RAW = "application/octet-stream"


def encode(images: NDArray[np.uint8], file_format: Format, quality: int, marks: list[str]) -> list[bytes]:
    """Encodes images with their provenance: a text that identifies each, and IPTC's source type for synthetic media.

    The bytes of an image depend only on its pixels and its text.

    Args:
        images: uint8, `[images, height, width, channels]`, with 1 (grey) or 3 (RGB) channels.
        file_format: The file format. RAW carries no provenance.
        quality: JPEG only, from 1 to 100.
        marks: The text that identifies each image, in Latin-1.

    Returns:
        The encoded images.
    """
    if file_format is Format.RAW:
        return [image.tobytes() for image in images]
    texts = [mark.encode("latin-1") for mark in marks]
    if file_format is Format.PNG:
        return png.encode(images, [png.chunk(b"tEXt", _KEYWORD + b"\0" + text) + _PNG_XMP for text in texts])
    pixels = np.ascontiguousarray(images[..., ::-1] if images.shape[-1] == 3 else images)
    return [_jpeg(image, quality, text) for image, text in zip(pixels, texts, strict=True)]


# Keyword, no compression (flag and method), no language, no translated keyword.
_PNG_XMP = png.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + _XMP)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


_JPEG_XMP = _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _XMP)
_JPEG_HEAD = 2 + 18
"""Bytes of the start marker and of the JFIF segment, which the provenance follows."""


def _jpeg(image: NDArray[Any], quality: int, mark: bytes) -> bytes:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return b"".join((data[:_JPEG_HEAD], _JPEG_XMP, _segment(0xFE, _KEYWORD + b" " + mark), data[_JPEG_HEAD:]))


def image_width(height: int, width: int, channels: int) -> int:
    """The most bytes that an encoded image is expected to take: incompressible pixels, and the provenance."""
    return height * width * channels + height + height * width * channels // 8 + 1024
