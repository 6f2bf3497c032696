import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.fixtures.pictures import encoded, folder, noise, plain, put

from synthserve_training import recipe as recipes
from synthserve_training.data.pictures import inspection
from synthserve_training.data.pictures.inspection import PictureInspection, duplicates
from synthserve_training.data.pictures.inspection.shown import Shown
from synthserve_training.data.pictures.sources.opening import open_source
from synthserve_training.errors import DatasetError


def inspected(path: Path, labels: str | None = None) -> PictureInspection:
    return inspection.inspect(open_source(str(path), labels))


def test_summary_says_what_is_there(tmp_path: Path) -> None:
    folder(tmp_path, rose=3, tulip=2)
    put(tmp_path / "rose" / "wide.jpg", encoded(noise(50, 40, 20), "JPEG"))
    put(tmp_path / "rose" / "grey.png", noise(51, channels=1))
    put(tmp_path / "rose" / "clear.png", Image.merge("RGBA", [*noise(52).split(), plain(200, mode="L")]))
    put(tmp_path / "rose" / "page.png", b"<html>")
    found = inspected(tmp_path)
    assert found.count == 8
    assert dict(found.labels) == {"rose": 6, "tulip": 2}
    assert dict(found.sizes) == {(16, 16): 7, (40, 20): 1}
    assert dict(found.formats) == {"PNG": 7, "JPEG": 1}
    assert (found.coloured, found.transparent) == (7, 1)
    lines = dict(inspection.as_lines(found))
    assert lines["pictures"] == "8 in a folder: PNG 7, JPEG 1"
    assert lines["sizes"] == "16 to 40 wide, 16 to 20 high: 16x16 (7), 40x20 (1)"
    assert lines["channels"] == "in colours 7, grey 1, with transparent parts 1"
    assert lines["labels"] == "2 by sub-folders: rose 6, tulip 2"
    assert lines["left out"] == "1"
    assert lines["problems"].startswith("rose/page.png: it is text")
    assert any(line.startswith("class rose (6), class tulip (2): classes of fewer than 10") for line in lines.values())
    written = inspection.as_json(found)
    assert written["labels"] == {"rose": 6, "tulip": 2}
    assert written["left_out"] == 1
    assert written["problems"][0]["names"] == ["rose/page.png"]


def test_copies_are_found_exact_ones_and_others(tmp_path: Path) -> None:
    folder(tmp_path, rose=6, tulip=6)
    original = noise(70, 96, 96)
    put(tmp_path / "rose" / "a.png", original)
    put(tmp_path / "tulip" / "b.png", original)
    put(tmp_path / "tulip" / "small.png", original.resize((48, 48), Image.Resampling.BOX))
    put(tmp_path / "tulip" / "c.jpg", encoded(original, "JPEG", quality=80))
    found = inspected(tmp_path)
    names = [[found.names[index] for index in group] for group in found.duplicates.exact]
    assert names == [["rose/a.png", "tulip/b.png"]]
    (near,) = found.duplicates.near
    assert [found.names[index] for index in near] == ["rose/a.png", "tulip/c.jpg", "tulip/small.png"]
    assert found.contradictions == found.duplicates.exact
    assert "1 with different labels (rose/a.png = tulip/b.png): keep one" in dict(inspection.as_lines(found))["copies"]


@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_copies_are_those_that_comparing_all_finds(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    small = random.integers(0, 4, (count, 16, 16)).astype(np.uint8) + random.integers(0, 3, (count, 1, 1)).astype(
        np.uint8
    )
    hashes = random.integers(0, 2**64, 3, np.uint64)[random.integers(0, 3, count)]
    hashes ^= np.uint64(1) << random.integers(0, 64, count).astype(np.uint64)
    found = duplicates.find([bytes([index]) for index in range(count)], hashes, small)
    joined = {pair for group in found.near for pair in itertools.combinations(group, 2)}
    for one, two in itertools.combinations(range(count), 2):
        apart = np.abs(small[one].astype(int) - small[two])
        if (hashes[one] ^ hashes[two]).bit_count() <= 3 and apart.mean() <= 3:
            assert (one, two) in joined


@pytest.mark.parametrize(
    ("pictures", "proposed"),
    [
        ([(28, 28)], (28, 28, "crop", "grey", "black")),
        ([(30, 30)], (32, 32, "pad", "grey", "black")),
        ([(48, 64)], (64, 48, "crop", "grey", "black")),
        ([(300, 200), (200, 260)], (64, 64, "crop", "grey", "black")),
        ([(45, 50), (50, 45)], (44, 44, "crop", "grey", "black")),
        ([(400, 100), (420, 110)], (64, 64, "pad", "grey", "black")),
    ],
)
def test_sizes_are_proposed_that_fit(
    tmp_path: Path, pictures: list[tuple[int, int]], proposed: tuple[int, int, str, str, str]
) -> None:
    for number, (width, height) in enumerate(pictures * 3):
        image = plain(0, width, height, "L")
        image.putpixel((width // 2, height // 2), 50 + number)
        put(tmp_path / f"{number}.png", image)
    proposal = inspected(tmp_path).proposal
    assert (
        proposal.height,
        proposal.width,
        proposal.fit,
        proposal.channels,
        proposal.background,
    ) == proposed


def test_grey_pictures_that_are_stored_in_colours_are_grey(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path / f"{number}.jpg", encoded(noise(number, channels=1).convert("RGB"), "JPEG"))
    found = inspected(tmp_path)
    assert (found.coloured, found.proposal.channels) == (0, "grey")


def test_proposed_recipe_is_one(tmp_path: Path) -> None:
    top = folder(tmp_path / 'my "own" photos', rose=12, tulip=12)
    recipe = recipes.parse(inspection.recipe_toml(inspected(top), "flowers", "folders"))
    options = recipe.dataset.options
    assert (options.path, options.labels, options.size) == (str(top), "folders", 16)
    assert recipe.training.batch_size == 12


def test_source_of_broken_pictures_alone_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "a.png", b"no picture, but a text")
    with pytest.raises(DatasetError, match=r"none of its pictures can be used: a\.png: it is text"):
        inspected(tmp_path)


def test_contact_sheet_has_a_row_for_each_class() -> None:
    shown = Shown()
    for number in range(60):
        shown.add("ab"[number % 2], plain((number * 4, 0, 0), 96, 48))
    sheet = shown.sheet()
    assert sheet.size == (10 * 100 + 4, 2 * (100 + 16) + 4)
    pixels = np.asarray(sheet)
    assert (pixels[20 + 30, 4::100][:10, 1] == 0).all()  # ten pictures side by side


def test_contact_sheet_does_not_grow_with_the_pictures() -> None:
    shown = Shown()
    for number in range(3000):
        shown.add(f"class {number % 100}", plain((9, 9, 9), 8, 8))
    assert shown.sheet().size == (10 * 100 + 4, 40 * (100 + 16) + 4)
