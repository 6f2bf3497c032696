import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.fixtures.pictures import BLUE, RED, encoded, noise, plain

from synthserve_training.data.pictures.decoding import Decoded, UnusableError, decode, open_picture


def decoded(content: bytes, least_side: int | None = None) -> Decoded:
    return decode(open_picture(content), least_side)


def halves(form: str, orientation: int) -> bytes:
    """Left half red, right half blue, as stored."""
    image = plain(RED, 32, 16)
    image.paste(BLUE, (16, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "first", "last"), [(1, RED, BLUE), (3, BLUE, RED), (6, RED, BLUE), (8, BLUE, RED)]
)
def test_picture_is_put_the_right_way_up(
    form: str, orientation: int, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    found = decoded(halves(form, orientation))
    assert found.size == found.image.size == ((16, 32) if orientation in (6, 8) else (32, 16))
    pixels = np.asarray(found.image).astype(int)
    assert np.abs(pixels[0, 0] - first).max() < 20  # at the top and on the left
    assert np.abs(pixels[-1, -1] - last).max() < 20
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("image", "form", "options", "mode"),
    [
        (plain(7, mode="L"), "PNG", {}, "L"),
        (plain(1, mode="1"), "PNG", {}, "L"),
        (plain((7, 90), mode="LA"), "PNG", {}, "LA"),
        (plain((*RED, 90), mode="RGBA"), "WEBP", {}, "RGBA"),
        (plain(RED).quantize(4), "PNG", {}, "RGB"),
        (plain(RED).quantize(4), "PNG", {"transparency": 0}, "RGBA"),
        (plain(7, mode="L"), "PNG", {"transparency": 7}, "LA"),
        (plain(RED), "PNG", {"transparency": RED}, "RGBA"),
        (plain(RED).convert("YCbCr"), "JPEG", {}, "RGB"),
    ],
)
def test_modes_become_plain_ones(image: Image.Image, form: str, options: dict[str, object], mode: str) -> None:
    found = decoded(encoded(image, form, **options))
    assert found.image.mode == mode
    assert found.remarks == ()


def test_16_bits_become_8() -> None:
    found = decoded(encoded(Image.fromarray(np.full((8, 8), 0xABCD, np.uint16))))
    assert (np.asarray(found.image) == 0xAB).all()
    assert "16 bits" in found.remarks[0]
    assert "is dark" in decoded(encoded(Image.fromarray(np.full((8, 8), 700, np.uint16)))).remarks[0]


def test_cmyk_becomes_rgb_and_is_named() -> None:
    found = decoded(encoded(plain(RED).convert("CMYK"), "JPEG", quality=95))
    assert np.abs(np.asarray(found.image).astype(int) - RED).max() < 25
    assert "CMYK" in found.remarks[0]


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_first_picture_of_an_animation_is_taken_and_named(form: str) -> None:
    content = encoded(plain(RED), form, save_all=True, append_images=[plain(BLUE)], duration=50)
    found = decoded(content)
    assert np.abs(np.asarray(found.image.convert("RGB")).astype(int) - RED).max() < 20
    assert "animated" in found.remarks[0]


def test_first_page_of_several_is_taken_and_named() -> None:
    content = encoded(plain(RED), "TIFF", save_all=True, append_images=[plain(BLUE)])
    assert "several pages" in decoded(content).remarks[0]


def png_of(width: int, height: int) -> bytes:
    """A PNG that says in its header that it is so large, and holds little."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


PNG = encoded(noise(1, 64, 64))
JPEG = encoded(noise(1, 64, 64), "JPEG")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"It was a dark and stormy night.\n" * 9, "it is text"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic" + bytes(99), "HEIC: convert it to JPEG"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (bytes(range(256)), "its format is not known"),
        (PNG[: len(PNG) // 2], "its end is missing"),
        (JPEG[: len(JPEG) // 2], "its end is missing"),
        (PNG[:60] + bytes(40) + PNG[100:], "it is damaged"),
        (png_of(20_000, 20_000), "it has more than 89 million pixels"),
        (png_of(12_000, 12_000), "it has more than 89 million pixels"),
        (encoded(plain(RED, 1, 1)), "a side of fewer than 4 pixels"),
        (encoded(plain(RED, 2, 400)), "a side of fewer than 4 pixels"),
        (encoded(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"), "its pixels are fractions"),
        (encoded(Image.fromarray(np.full((8, 8), 1 << 20, np.int32)), "TIFF"), "32 bits"),
    ],
)
def test_what_cannot_be_used_says_why_in_one_line(content: bytes, why: str) -> None:
    with pytest.raises(UnusableError, match=why) as error:
        decoded(content)
    assert "\n" not in str(error.value)


def test_broken_orientation_is_ignored() -> None:
    found = decoded(encoded(plain(RED), "JPEG", exif=b"Exif\0\0broken"))
    assert found.size == (16, 16)


def test_large_jpeg_is_decoded_at_a_part_of_its_size() -> None:
    found = decoded(encoded(noise(3, 640, 480), "JPEG", quality=95), least_side=32)
    assert found.size == (640, 480)
    assert 64 <= min(found.image.size) < 480
    whole = Image.open(io.BytesIO(encoded(noise(3, 640, 480)))).resize(found.image.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(found.image).astype(int) - np.asarray(whole)).mean() < 4


def test_pixels_are_pictures_too() -> None:
    for shape in ((8, 6), (8, 6, 1), (8, 6, 3), (8, 6, 4)):
        pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        found = decode(open_picture(pixels))
        np.testing.assert_array_equal(np.asarray(found.image), pixels.squeeze())
        assert (found.size, found.format) == ((6, 8), "")


FILES = [
    encoded(noise(5, 40, 30), "PNG"),
    encoded(noise(5, 40, 30), "JPEG"),
    encoded(noise(5, 40, 30), "WEBP"),
    encoded(noise(5, 40, 30), "GIF", save_all=True, append_images=[noise(6, 40, 30)]),
    encoded(noise(5, 40, 30), "TIFF", compression="tiff_lzw"),
    encoded(noise(5, 40, 30).quantize(7), "PNG", transparency=1),
    encoded(noise(5, 40, 30), "BMP"),
]


@given(
    file=st.sampled_from(FILES),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    kept=st.floats(0, 1),
)
def test_damaged_file_is_a_picture_or_says_why_it_is_none(
    file: bytes, changes: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(file)
    for place, value in changes:
        content[int(place * len(content))] = value
    if kept < 0.5:
        del content[int(2 * kept * len(content)) :]
    with contextlib.suppress(UnusableError):
        found = decoded(bytes(content), least_side=8)
        assert found.image.mode in ("L", "LA", "RGB", "RGBA")
        assert np.asarray(found.image).dtype == np.uint8
