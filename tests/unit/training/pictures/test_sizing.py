import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.fixtures.pictures import BLUE, GREEN, RED, noise, plain

from synthserve_training.data.pictures.sizing import Background, Channels, Fit, sized


@given(
    mode=st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    width=st.integers(4, 60),
    height=st.integers(4, 60),
    target=st.tuples(st.integers(8, 40), st.integers(8, 40)),
    fit=st.sampled_from(["crop", "pad", "resize"]),
    channels=st.sampled_from(["grey", "rgb"]),
    background=st.sampled_from(["white", "black"]),
)
def test_any_picture_gets_the_size_and_the_channels(
    mode: str, width: int, height: int, target: tuple[int, int], fit: Fit, channels: Channels, background: Background
) -> None:
    pixels = sized(Image.new(mode, (width, height)), *target, fit, channels, background)
    assert pixels.shape == (*target, 1 if channels == "grey" else 3)
    assert pixels.dtype == np.uint8


def thirds() -> Image.Image:
    """From left to right: red, green, blue."""
    image = plain(RED, 48, 16)
    image.paste(GREEN, (16, 0, 32, 16))
    image.paste(BLUE, (32, 0, 48, 16))
    return image


def test_crop_keeps_the_middle() -> None:
    assert (sized(thirds(), 16, 16, "crop", "rgb", "white") == GREEN).all()


def test_pad_adds_bars_of_the_background() -> None:
    for background, level in (("white", 255), ("black", 0)):
        pixels = sized(thirds(), 48, 48, "pad", "rgb", background)  # type: ignore[arg-type]
        assert (pixels[:16] == level).all()
        assert (pixels[32:] == level).all()
        np.testing.assert_array_equal(pixels[16:32], np.asarray(thirds()))


def test_resize_distorts() -> None:
    pixels = sized(thirds(), 48, 48, "resize", "rgb", "white")
    assert np.abs(pixels[:, 8].astype(int) - RED).max() < 4
    assert np.abs(pixels[:, -8].astype(int) - BLUE).max() < 4


def test_shrinking_takes_the_mean_of_the_pixels() -> None:
    image = noise(1, 64, 32)
    means = np.asarray(image).reshape(16, 2, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(sized(image, 16, 16, "resize", "rgb", "white") - means).max() <= 1


def test_picture_of_the_size_stays_as_it_is() -> None:
    image = noise(2, 24, 16)
    for fit in ("crop", "pad", "resize"):
        np.testing.assert_array_equal(sized(image, 16, 24, fit, "rgb", "white"), np.asarray(image))


@pytest.mark.parametrize(("background", "level"), [("white", 255), ("black", 0)])
def test_transparent_parts_show_the_background(background: Background, level: int) -> None:
    image = Image.new("RGBA", (32, 32), (*RED, 0))
    image.paste((*RED, 255), (0, 0, 16, 32))
    pixels = sized(image, 16, 16, "crop", "rgb", background)
    assert (pixels[:, 8:] == level).all()
    assert (pixels[:, :8] == RED).all()  # what is transparent does not bleed into it
