"""Images over broken connections, into files and grids."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import grpc
import PIL.Image
import pytest

import synthserve
from synthserve._sinks.grids import save_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.sdk.conftest import Fault, ScriptedServer

    Pixels = Callable[[int, int], bytes]


def test_iteration_survives_breaks(
    scripted: ScriptedServer, client: synthserve.Client, expected_pixels: Pixels, fault: type[Fault]
) -> None:
    scripted.faults = [fault(0), fault(2), fault(0), fault(1)]
    images = list(client.images("scripted", count=20, seed=7, offset=100))
    assert [image.index for image in images] == list(range(100, 120))
    assert [image.to_pil().tobytes() for image in images] == [expected_pixels(i, 7) for i in range(100, 120)]
    assert {(image.media_type, image.model, image.seed) for image in images} == {("image/png", "scripted@3", 7)}
    assert images[0]._repr_png_() == images[0].bytes


def test_raw_and_jpeg(client: synthserve.Client, expected_pixels: Pixels) -> None:
    (raw,) = client.images("scripted", count=1, seed=7, format="raw")
    assert raw.bytes == expected_pixels(0, 7)
    assert raw.to_pil().tobytes() == raw.bytes
    shown = raw._repr_png_()
    assert shown is not None
    assert PIL.Image.open(io.BytesIO(shown)).tobytes() == raw.bytes
    (jpeg,) = client.images("scripted", count=1, seed=7, format="jpeg", jpeg_quality=90)
    assert (jpeg.media_type, jpeg.filename) == ("image/jpeg", "scripted-seed7-000000000000.jpg")
    assert jpeg.to_pil().size == (6, 4)


def test_save_names_sort_by_index(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], tmp_path: Path
) -> None:
    scripted.faults = [fault(1)]
    paths = client.images("scripted", count=12, seed=7, offset=10**6 - 6).save(tmp_path / "new" / "folder")
    assert paths == sorted((tmp_path / "new" / "folder").iterdir())
    assert paths[0].name == "scripted-seed7-000000999994.png"
    far = client.images("scripted", count=2, seed=7, offset=10**12 + 1).save(tmp_path / "far")
    assert [path.name for path in far] == ["scripted-seed7-1000000000001.png", "scripted-seed7-1000000000002.png"]


def test_grid_places_each_image(
    scripted: ScriptedServer, client: synthserve.Client, expected_pixels: Pixels, fault: type[Fault]
) -> None:
    scripted.faults = [fault(1)]
    grid = client.images("scripted", count=7, seed=7, offset=3).grid(columns=3)
    assert grid.size == (18, 12)
    assert grid.crop((6, 4, 12, 8)).tobytes() == expected_pixels(3 + 4, 7)
    assert not any(grid.crop((6, 8, 18, 12)).tobytes())
    assert client.images("scripted", count=2).grid().size == (12, 4)
    with pytest.raises(ValueError, match="at least 1"):
        client.images("scripted", count=2).grid(columns=0)


XMP = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
SOURCE = "scripted/3?seed=7&offset=3&count=7&where.label=%22with%2C+comma%22&where.x=1"


def assert_marked(path: Path) -> None:
    with PIL.Image.open(path) as picture:
        picture.load()
        if path.suffix == ".png":
            assert picture.info["synthserve"] == SOURCE
            assert XMP in picture.info["XML:com.adobe.xmp"].encode()
        else:
            assert picture.info["comment"] == f"synthserve {SOURCE}".encode()
            assert XMP in picture.info["xmp"]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG"])
async def test_a_saved_grid_says_what_it_is(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], tmp_path: Path, name: str
) -> None:
    where = {"x": 1, "label": "with, comma"}
    scripted.faults = [fault(1), fault(1)]
    images = client.images("scripted", count=7, seed=7, offset=3, where=where)
    assert images.save_grid(tmp_path / name, columns=3) == tmp_path / name
    assert_marked(tmp_path / name)
    written = (tmp_path / name).read_bytes()
    if name == "a.png":
        assert PIL.Image.open(tmp_path / name).tobytes() == images.grid(columns=3).tobytes()

    async with synthserve.AsyncClient(scripted.target) as aclient:
        twin = aclient.images("scripted", count=7, seed=7, offset=3, where=where)
        assert await twin.save_grid(str(tmp_path / name), columns=3) == tmp_path / name
    assert (tmp_path / name).read_bytes() == written

    # As Pillow writes it by itself, and where something was made of it.
    images.grid().save(tmp_path / f"plain-{name}")
    assert_marked(tmp_path / f"plain-{name}")
    save_picture(images.grid().resize((60, 20)), tmp_path / f"resized-{name}")
    assert_marked(tmp_path / f"resized-{name}")


@pytest.mark.parametrize(
    ("count", "name", "columns", "said"),
    [
        (2, "a.psd", 8, "grid: the suffix must be one of .png, .jpg, .jpeg, not '.psd'"),
        (2, "a", 8, "grid: the suffix"),
        (0, "a.png", 8, "count: must be at least 1 for a grid"),
        (10**12, "a.png", 8, "count: 1000000000000 images do not fit"),
        (2, "a.png", 0, "columns: must be at least 1"),
        (70_000, "a.jpg", 1, "columns: a JPEG is at most 65500 pixels"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_anything_is_generated(
    scripted: ScriptedServer, client: synthserve.Client, tmp_path: Path, count: int, name: str, columns: int, said: str
) -> None:
    with pytest.raises(synthserve.InvalidRequest, match=re.escape(said)):
        client.images("scripted", count=count).save_grid(tmp_path / name, columns)
    assert not scripted.requests
    assert not list(tmp_path.iterdir())


def test_a_grid_too_large_is_refused_at_the_first_message(
    scripted: ScriptedServer, client: synthserve.Client, tmp_path: Path
) -> None:
    images = client.images("scripted", count=5_000_000)
    with pytest.raises(synthserve.InvalidRequest, match="5000000 images do not fit"):
        images.grid()
    with pytest.raises(synthserve.InvalidRequest, match="5000000 images do not fit"):
        images.save_grid(tmp_path / "a.png")
    assert len(scripted.requests) == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told_before_anything_is_generated(
    scripted: ScriptedServer, client: synthserve.Client, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        client.images("scripted", count=2).save_grid(tmp_path / "missing" / "a.png")
    assert raised.value.filename == str(tmp_path / "missing" / "a.png")
    assert not scripted.requests


def test_a_grid_that_breaks_leaves_what_was_there(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    scripted.faults = [fault(1, grpc.StatusCode.INTERNAL)]
    with pytest.raises(synthserve.ServerError):
        client.images("scripted", count=7).save_grid(tmp_path / "a.png")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_bytes_that_are_no_image_are_told(scripted: ScriptedServer, client: synthserve.Client) -> None:
    def garble(response: object) -> object:
        response.images[0] = b"not a PNG"  # type: ignore[attr-defined]  # every response here has images
        return response

    scripted.mangle = garble
    with pytest.raises(synthserve.ProtocolError, match="image 0 cannot be decoded"):
        client.images("scripted", count=2).grid()


def test_a_failure_leaves_only_whole_files(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], tmp_path: Path
) -> None:
    scripted.faults = [fault(2, grpc.StatusCode.INTERNAL)]
    with pytest.raises(synthserve.ServerError):
        client.images("scripted", count=12, seed=7).save(tmp_path)
    assert len([PIL.Image.open(path).load() for path in tmp_path.iterdir()]) == 6


async def test_asyncio_gives_the_same(
    scripted: ScriptedServer,
    client: synthserve.Client,
    retry: synthserve.RetryPolicy,
    fault: type[Fault],
    tmp_path: Path,
) -> None:
    wanted = list(client.images("scripted", count=10, seed=7))
    async with synthserve.AsyncClient(scripted.target, retry=retry) as aclient:
        images = aclient.images("scripted", count=10, seed=7)
        scripted.faults = [fault(0), fault(2), fault(0)]
        assert [image async for image in images] == wanted
        paths = await images.save(tmp_path)
        assert [path.read_bytes() for path in paths] == [image.bytes for image in wanted]
        assert (await images.grid(5)).size == (30, 8)
