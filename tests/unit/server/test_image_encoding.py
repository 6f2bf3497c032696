import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from numpy.typing import NDArray

from synthserve_server.encoding.images import Format, encode, image_width

MARK = "mnist-dcgan/1?seed=7&index=12"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def pictures(height: int, width: int, channels: int, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)


def digit() -> NDArray[np.uint8]:
    """About as much ink as a handwritten digit."""
    image = np.zeros((1, 28, 28, 1), np.uint8)
    image[0, 5:23, 9:19] = np.random.default_rng(0).integers(100, 256, (18, 10, 1))
    return image


def opened(data: bytes) -> Any:
    image = PIL.Image.open(io.BytesIO(data))
    image.load()
    return image


def digital_source_type(xmp: str) -> str | None:
    root = ET.fromstring(xmp)  # noqa: S314 - our own.
    rdf = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    assert root.tag == f"{rdf}RDF"
    (description,) = root.findall(f"{rdf}Description")
    assert description.get(f"{rdf}about") == ""
    return description.get("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")


@pytest.mark.parametrize("channels", [1, 3])
def test_png_keeps_the_pixels_and_says_where_they_come_from(channels: int) -> None:
    images = pictures(20, 30, channels)
    for image, data in zip(images, encode(images, Format.PNG, 95, [MARK] * 3), strict=True):
        png = opened(data)
        assert np.array_equal(np.asarray(png).reshape(20, 30, channels), image)
        assert png.mode == ("L" if channels == 1 else "RGB")
        assert png.text["synthserve"] == MARK
        xmp = png.text["XML:com.adobe.xmp"]
        assert isinstance(xmp, PIL.PngImagePlugin.iTXt)
        assert digital_source_type(xmp) == SOURCE


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_says_where_it_comes_from(channels: int) -> None:
    smooth = np.full((1, 16, 16, channels), 40, np.uint8)
    smooth[..., 0] = 200
    (data,) = encode(smooth, Format.JPEG, 95, [MARK])
    jpeg = opened(data)
    assert jpeg.format == "JPEG"
    assert np.abs(np.asarray(jpeg).reshape(smooth.shape).astype(int) - smooth).max() <= 8
    assert jpeg.info["comment"].decode() == f"synthserve {MARK}"
    assert digital_source_type(jpeg.info["xmp"].decode()) == SOURCE


def test_jpeg_quality_matters() -> None:
    images = pictures(64, 64, 3, 1)
    low, high = (encode(images, Format.JPEG, quality, [MARK])[0] for quality in (10, 100))
    assert len(low) < len(high) <= image_width(64, 64, 3)


def test_raw_is_the_bare_pixels() -> None:
    images = pictures(4, 6, 3)
    assert encode(images, Format.RAW, 95, [MARK] * 3) == [image.tobytes() for image in images]


def test_an_image_does_not_depend_on_its_neighbours() -> None:
    images = pictures(28, 28, 3, 5)
    together = encode(images, Format.PNG, 95, [MARK] * 5)
    assert together == [encode(images[i : i + 1], Format.PNG, 95, [MARK])[0] for i in range(5)]


def test_the_marks_do_not_double_a_small_png() -> None:
    (data,) = encode(digit(), Format.PNG, 95, [MARK])
    marks = data.index(b"IDAT") - (8 + 12 + 13) - 4
    assert marks <= 350
    assert marks <= len(data) - marks


@pytest.mark.skipif(shutil.which("pngcheck") is None, reason="pngcheck is not installed")
def test_pngcheck_finds_nothing(tmp_path: Path) -> None:
    for channels in (1, 3):
        (data,) = encode(pictures(28, 28, channels, 1), Format.PNG, 95, [MARK])
        path = tmp_path / f"{channels}.png"
        path.write_bytes(data)
        subprocess.run(["pngcheck", "-q", str(path)], check=True)


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_stays_within_the_expected_width(channels: int) -> None:
    images = pictures(64, 64, channels)
    assert all(len(data) <= image_width(64, 64, channels) for data in encode(images, Format.PNG, 95, [MARK] * 3))
