"""Images over broken connections, into files and grids."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import grpc
import PIL.Image
import pytest

import synthserve

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


def test_bytes_that_are_no_image_are_told(scripted: ScriptedServer, client: synthserve.Client) -> None:
    def garble(response: object) -> object:
        response.images[0] = b"not a PNG"  # type: ignore[attr-defined]
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
