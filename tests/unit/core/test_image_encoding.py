import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import PIL.Image
import PIL.PngImagePlugin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from synthserve_core.encoding import png
from synthserve_core.encoding.images import Format, encode, image_width

MARK = "mnist-dcgan/1?seed=7&index=12"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def pictures(height: int, width: int, channels: int, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)


@lru_cache
def digits() -> NDArray[np.uint8]:
    """What the shipped model draws."""
    path = max((Path(__file__).parents[3] / "exported/mnist-dcgan").glob("*/model.onnx"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    noise = np.random.default_rng(0).standard_normal((64, *session.get_inputs()[0].shape[1:]), np.float32)
    images: NDArray[np.uint8]
    (images,) = session.run(["image"], {"latent": noise})
    return images


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
        read = opened(data)
        assert np.array_equal(np.asarray(read).reshape(20, 30, channels), image)
        assert read.mode == ("L" if channels == 1 else "RGB")
        assert read.text["synthserve"] == MARK
        xmp = read.text["XML:com.adobe.xmp"]
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
    files = encode(digits(), Format.PNG, 95, [MARK] * len(digits()))
    marks = [data.index(b"IDAT") - (8 + 12 + 13) - 4 for data in files]
    assert max(marks) <= 350
    assert sum(marks) <= sum(map(len, files)) - sum(marks)


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])),
    data=st.data(),
)
def test_any_pixels_come_back(shape: tuple[int, int, int, int], data: st.DataObject) -> None:
    images = data.draw(arrays(np.uint8, shape))
    for image, data_of_it in zip(images, encode(images, Format.PNG, 95, [MARK] * len(images)), strict=True):
        assert np.array_equal(np.asarray(opened(data_of_it)).reshape(image.shape), image)


def photograph(channels: int) -> NDArray[np.uint8]:
    """Smooth, with some grain, as generated pictures are."""
    rows, columns = np.mgrid[:64, :64] / 64
    waves = [np.sin(7 * rows + shift) * np.cos(5 * columns - shift) for shift in range(channels)]
    grain = np.random.default_rng(0).normal(0, 3, (64, 64, channels))
    return (128 + 100 * np.stack(waves, axis=-1) + grain).clip(0, 255).astype(np.uint8)[None]


def libpng(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(image.squeeze()).save(file, "png", compress_level=1)
    return file.getvalue()


@pytest.mark.parametrize("images", [digits(), photograph(1), photograph(3)], ids=["digits", "grey", "colour"])
def test_png_is_no_larger_than_that_of_libpng_at_its_fastest(images: NDArray[np.uint8]) -> None:
    files = png.encode(images, [b""] * len(images))
    assert sum(map(len, files)) <= sum(len(libpng(image)) for image in images)


def test_filter_fits_the_image() -> None:
    for images, filter_type in ((digits()[:1], 0), (photograph(1), 3), (photograph(3), 3)):
        (data,) = encode(images, Format.PNG, 95, [MARK])
        start = data.index(b"IDAT") + 4
        lines = zlib.decompressobj().decompress(data[start:])
        assert lines[0] == filter_type


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
