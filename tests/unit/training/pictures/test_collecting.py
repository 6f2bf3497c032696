from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.pictures import folder, noise, plain, put

from synthserve_training.components import part
from synthserve_training.data.datasets import Images, pictures
from synthserve_training.data.files import Files
from synthserve_training.data.pictures import passes
from synthserve_training.data.pictures.classes import classes
from synthserve_training.errors import DatasetError, RecipeError


def load(path: Path, cache: Path, **options: Any) -> Images:
    return pictures.load(pictures.Options(path=str(path), **options), Files(None, cache))


def test_pictures_and_labels_become_arrays(tmp_path: Path) -> None:
    top = folder(tmp_path / "photos", rose=12, tulip=11)
    images = load(top, tmp_path, size=16, label="species")
    assert images.pixels.shape == (23, 16, 16, 3)
    np.testing.assert_array_equal(images.pixels[12], np.asarray(noise(12)))
    assert images.labels.tolist() == [0] * 12 + [1] * 11
    assert (images.label, images.categories) == ("species", ("rose", "tulip"))


def test_size_and_channels_are_those_of_the_recipe(tmp_path: Path) -> None:
    top = folder(tmp_path / "photos", rose=10)
    assert load(top, tmp_path, size=(12, 20), channels="grey").pixels.shape == (10, 12, 20, 1)


def test_pictures_without_labels_have_no_categories(tmp_path: Path) -> None:
    images = load(folder(tmp_path / "photos", rose=10, tulip=10), tmp_path, size=16, labels="none")
    assert (images.categories, set(images.labels.tolist())) == ((), {0})


def test_small_classes_are_joined(tmp_path: Path) -> None:
    top = folder(tmp_path / "photos", aster=2, rose=12, tulip=11, violet=1)
    assert load(top, tmp_path, size=16).categories == ("rose", "tulip", "other")
    assert load(top, tmp_path, size=16, min_class=2).categories == ("aster", "rose", "tulip", "other")
    assert load(top, tmp_path, size=16, min_class=1).categories == ("aster", "rose", "tulip", "violet")
    assert load(top, tmp_path, size=16, min_class=100).categories == ()


@given(st.lists(st.sampled_from(["a", "b", "10", "9", "other", "x y"]), min_size=1), st.integers(1, 6))
def test_each_class_has_enough_pictures_and_none_is_lost(labels: list[str], least: int) -> None:
    found = classes(labels, least)
    names = [found.names[code] for code in found.codes]
    assert all(name in (label, "other") for name, label in zip(names, labels, strict=True))
    assert all(names.count(name) >= least for name in found.names if name != "other")
    assert sum(found.joined.values()) == sum(
        labels.count(label) for label in set(labels) if labels.count(label) < least
    )


def test_numbers_are_in_the_order_of_their_values() -> None:
    assert classes(["10", "9", "b", "a", "100"], 1).names == ("9", "10", "100", "a", "b")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda top: folder(top, rose=1), "holds 1 picture that can be used.*: add pictures"),
        (
            lambda top: put(folder(top, rose=3) / "rose" / "x.png", b"text"),
            r"and 1 cannot: rose/x\.png: it is text",
        ),
        (lambda top: [put(top / f"{i}.png", plain((9, 9, 9))) for i in range(12)], "all 12 pictures are equal"),
    ],
)
def test_too_little_to_learn_is_an_error(tmp_path: Path, make: Any, why: str) -> None:
    make(tmp_path / "photos")
    with pytest.raises(DatasetError, match=why):
        load(tmp_path / "photos", tmp_path / "cache", size=16)
    assert not any(path.is_file() for path in (tmp_path / "cache").rglob("*"))


def test_pictures_are_read_once_until_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top, cache = folder(tmp_path / "photos", rose=12, tulip=11), tmp_path / "cache"
    first = load(top, cache, size=16)
    put(top / "rose" / "broken.png", b"text")
    second = load(top, cache, size=16)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    calls = []
    monkeypatch.setattr(passes, "decode", lambda *arguments: calls.append(arguments))
    third = load(top, cache, size=16)
    assert calls == []
    np.testing.assert_array_equal(first.pixels, third.pixels)
    assert third.categories == ("rose", "tulip")
    monkeypatch.undo()
    put(top / "rose" / "000.png", noise(500))
    assert not np.array_equal(load(top, cache, size=16).pixels, third.pixels)
    assert len(list((cache / "pictures").iterdir())) == 1


def test_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    top, cache = folder(tmp_path / "photos", rose=12), tmp_path / "cache"
    first = load(top, cache, size=16).pixels.copy()
    (entry,) = (cache / "pictures").iterdir()
    assert entry.stat().st_mode & 0o077 == 0  # it holds pictures of the user
    for name in ("pixels.u8", "codes.npy", "set.json"):
        (entry / name).write_bytes(b"x")
        np.testing.assert_array_equal(load(top, cache, size=16).pixels, first)


def test_left_out_files_are_named_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    top = folder(tmp_path / "photos", rose=12)
    put(top / "rose" / "x.png", b"text")
    load(top, tmp_path / "cache", size=16)
    assert "1 file is left out; `synthserve-train inspect` says why" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "path: Field required"),
        ({"path": "x", "size": 4}, "size"),
        ({"path": "x", "fit": "stretch"}, "'crop', 'pad' or 'resize'"),
        ({"path": "x", "chanels": "rgb"}, "did you mean channels"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        _ = part("datasets", {"kind": "pictures", **options}).options
