"""Decodes one picture: an encoded file, or pixels that are in memory already.

Pictures are opened by one thread and decoded by others: opening reads the header only, and changes the filters of
warnings, which all threads share.
"""

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MOST_PIXELS = 89_478_485
"""The largest picture that is decoded: Pillow's own limit against decompression bombs, 256 MiB in colour."""

LEAST_SIDE = 4
"""Pictures with a shorter side show nothing."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
"""What is read. Other decoders of Pillow are rarely used, and so a larger surface for attacks."""

_ANIMATED = {"GIF", "PNG", "WEBP"}
_PLAIN = ("L", "LA", "RGB", "RGBA")
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the value of the tag, what puts a picture the right way up."""
_TURNED = (5, 6, 7, 8)  # values for which width and height change places

Encoded = bytes
Pixels = NDArray[np.uint8]
"""[height, width] or [height, width, channels], of 1 (grey), 3 (RGB) or 4 channels (RGB and alpha)."""


class UnusableError(Exception):
    """A picture cannot be used; the text says why, and what to do."""


@dataclass(frozen=True)
class Decoded:
    """A picture in memory.

    Attributes:
        image: Of the mode L, LA, RGB or RGBA, the right way up. A JPEG can be smaller than it was stored, see `decode`.
        size: Width and height as stored, the right way up.
        format: Such as `JPEG`; empty: it was pixels already.
        remarks: What was lost, and what to do about it.
    """

    image: Image.Image
    size: tuple[int, int]
    format: str
    remarks: tuple[str, ...] = ()


def open_picture(content: Encoded | Pixels) -> Image.Image:
    """Opens a picture without decoding it.

    Raises:
        UnusableError: It is no picture, or too large.
    """
    image = _of_pixels(content) if isinstance(content, np.ndarray) else _of_file(content)
    if min(image.size) < LEAST_SIDE:
        raise UnusableError(f"it has a side of fewer than {LEAST_SIDE} pixels, which shows nothing: delete it")
    return image


def _of_pixels(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)


def _of_file(content: Encoded) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content), formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnusableError(
            f"it has more than {MOST_PIXELS // 1_000_000} million pixels: make it smaller, as no more are needed"
        ) from None
    except UnidentifiedImageError:
        raise UnusableError(_not_a_picture(content)) from None
    except Exception as error:  # each decoder raises its own
        raise UnusableError(_damaged(error)) from None


def decode(image: Image.Image, least_side: int | None = None) -> Decoded:
    """Decodes a picture that is open.

    Args:
        image: As `open_picture` gives it.
        least_side: The shortest side that is needed; a JPEG that is at least twice as large is decoded at a half, a
            quarter or an eighth of its size, which takes less time and memory. None: at full size.

    Raises:
        UnusableError: It is damaged, or its pixels are no colours.
    """
    size, form = image.size, image.format or ""
    try:
        remarks = _remarks(image)
        if least_side is not None:
            image.draft(image.mode, (2 * least_side, 2 * least_side))
        image.load()
        orientation = _orientation(image)
        image, lost = _plain(image)
    except UnusableError:
        raise
    except Exception as error:  # each decoder raises its own
        raise UnusableError(_damaged(error)) from None
    if orientation in _TURNED:
        size = size[1], size[0]
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return Decoded(image, size, form, (*remarks, *([lost] if lost else [])))


def _remarks(image: Image.Image) -> list[str]:
    """What is lost of a picture that is more than one."""
    if image.format in _ANIMATED and getattr(image, "is_animated", False):
        return ["it is animated: its first picture is taken"]
    if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
        return ["it has several pages: the first one is taken"]
    return []


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # of broken EXIF data, without which the picture is still one
        return 1
    return value if isinstance(value, int) else 1


def _plain(image: Image.Image) -> tuple[Image.Image, str]:
    """A picture of a plain mode, and what was lost."""
    mode = image.mode
    if mode in _PLAIN and "transparency" not in image.info:
        return image, ""
    if mode.startswith("I;16") or mode == "I":
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise UnusableError("its numbers are of 32 bits, which are no levels of grey: save it with 8 bits")
        low = values.max() < 0x1000
        lost = "it has 16 bits, of which the upper 8 are taken"
        return Image.fromarray((values >> 8).astype(np.uint8)), (
            f"{lost}, and is dark: save it with 8 bits, and its levels spread" if low else lost
        )
    if mode == "F":
        raise UnusableError("its pixels are fractions, which are no levels of grey: save it with 8 bits")
    if mode == "1":
        return image.convert("L"), ""
    if "transparency" in image.info or mode in ("PA", "La", "RGBa"):
        return image.convert("LA" if mode in ("L", "La") else "RGBA"), ""
    lost = "it is made for print (CMYK), and is turned to RGB without its colour profile" if mode == "CMYK" else ""
    image = image.convert("RGB")
    return image, lost


def _damaged(error: Exception) -> str:
    """What to do about a picture, by the error of a decoder. The error itself says nothing to a user."""
    if isinstance(error, MemoryError):
        return "the memory is not enough for it: make it smaller"
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return "its end is missing: copy or download it again"
    return "it is damaged: copy or download it again"


_OTHERS = {
    b"<svg": "it is a drawing (SVG): export it as PNG",
    b"<?xml": "it is XML, perhaps a drawing: export it as PNG",
    b"%PDF": "it is a PDF: export its pages as PNG",
    b"8BPS": "it is a Photoshop file: export it as PNG",
    b"PK\x03\x04": "it is an archive: unpack it",
}


def _not_a_picture(content: bytes) -> str:
    start = content[:512]
    if not start:
        return "it is empty: delete it, or copy it again"
    for magic, text in _OTHERS.items():
        if start.lstrip().lower().startswith(magic.lower()):
            return text
    if start[4:8] == b"ftyp":
        kind = "HEIC" if start[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"hevc") else "AVIF or a video"
        return f"it is {kind}: convert it to JPEG"
    if start.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS: fetch the picture with git lfs pull"
    if b"\0" not in start and sum(byte >= 0x20 or byte in b"\t\n\r" for byte in start) >= 0.95 * len(start):
        return "it is text, whatever its name says: delete it, or get the picture"
    return f"its format is not known: convert it to PNG or JPEG ({', '.join(_FORMATS)} are read)"
