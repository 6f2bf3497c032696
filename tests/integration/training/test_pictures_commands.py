"""`inspect` and `fit` of pictures, as a user types them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.pictures import encoded, folder, noise, put

import synthserve_core
from synthserve_core.contract.model import IMAGE
from synthserve_training import recipe as recipes
from synthserve_training.train import startup

SMALL = (
    "networks.latent_size=4",
    "networks.generator_filters=[4, 4, 4]",
    "networks.discriminator_filters=[4, 4]",
    "training.epochs=2",
    "dataset.size=8",
)


@pytest.fixture(autouse=True)
def _photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in a folder with the folder `photos`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SYNTHSERVE_DATA", raising=False)
    folder(Path("photos"), rose=12, tulip=12)


@pytest.fixture
def _without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake must show before Keras takes its seconds to start."""
    monkeypatch.setattr(startup, "start_keras", lambda *_: pytest.fail("Keras is started"))


def test_inspect_prints_and_writes_what_it_is_asked_for(
    typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    put(Path("photos/rose/x.png"), b"<html>")
    assert typed("inspect", "photos", "--contact-sheet", "sheet.png", "--recipe", "r.toml") == 0
    output = capsys.readouterr().out
    for line in ("24 in a folder: PNG 24", "2 by sub-folders: rose 12, tulip 12", "rose/x.png: it is text", "r.toml"):
        assert line in output
    with Image.open("sheet.png") as sheet:
        assert sheet.size[0] > 100
    recipe = recipes.parse(Path("r.toml").read_text())
    assert (recipe.model, recipe.dataset.options.path) == ("photos", "photos")

    assert typed("inspect", "photos", "--json", "--labels", "none") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["pictures"], found["labels"]) == (24, {})


def test_recipe_goes_to_standard_output_alone(typed: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    assert typed("inspect", "photos", "--recipe", "/dev/stdout") == 0
    output, error = capfd.readouterr()
    assert recipes.parse(output).model == "photos"
    assert "24 in a folder" in error


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("inspect", "photos", "--encoding", "latin-1"), 2, "--encoding is of tables"),
        (("inspect", "photos", "--sdv-metadata", "m.json"), 2, "--sdv-metadata is of tables"),
        (("inspect", "t.csv", "--contact-sheet", "s.png"), 2, "--contact-sheet is of pictures"),
        (("fit", "photos", "--size", "L"), 2, "--size is of tables"),
        (("fit", "photos", "--held-out", "0.2"), 2, "--held-out is of tables"),
        (("fit", "t.csv", "--labels", "none"), 2, "--labels is of pictures"),
        (
            ("fit", "photos", "--recipe", "mnist-dcgan"),
            1,
            'mnist-dcgan has its own data: set \\[dataset\\] kind = "pictures"',
        ),
        (("fit", "photos", "--set", "size"), 1, "write SECTION.FIELD=VALUE, such as dataset.size=32"),
        (("fit", "photos", "--set", "model.size=3"), 1, "--set model.size: the recipe has no such section"),
        (("fit", "photos", "--set", "training.epoch=3"), 1, "did you mean epochs"),
        (("fit", "photos/rose", "--set", "dataset.size=16", "--name", "x y"), 1, "model: String should match"),
        (("fit", "few"), 1, "few holds 3 pictures that can be used. A model needs at least 10"),
        (("fit", "equal"), 1, "equal: all 12 pictures are equal: there is nothing to learn"),
        (("fit", "photos/rose/000.png"), 1, "it is one picture"),
        (("fit", "photos", "--labels", "gone.csv"), 1, "no such file of labels"),
    ],
)
@pytest.mark.usefixtures("_without_keras")
def test_mistakes_show_at_once(
    typed: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    Path("t.csv").write_text("a,b\n1,2\n3,4\n")
    folder(Path("few"), rose=3)
    for number in range(12):
        put(Path(f"equal/{number}.png"), noise(0))
    assert typed(*arguments) == status
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert message.replace("\\", "") in error
    assert not Path("runs").exists()
    assert not Path("models").exists()


def test_fit_goes_from_a_folder_to_a_model(typed: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    put(Path("photos/tulip/x.jpg"), encoded(noise(90), "JPEG")[:200])
    changes = [part for change in SMALL for part in ("--set", change)]
    assert typed("fit", "photos", "--name", "flowers", "--no-report", *changes) == 0
    output, error = capsys.readouterr()
    assert "exported flowers, version 1: models/flowers/1" in output
    assert "photos: tulip/x.jpg: its end is missing" in error
    model = synthserve_core.load(Path("models/flowers/1"))
    assert model.samples(seed=1, count=3)[IMAGE].shape == (3, 8, 8, 3)

    assert typed("fit", "photos", "--name", "flowers", "--no-report", *changes) == 0  # nothing is left to train
    assert "version 2" in capsys.readouterr().out
    assert typed("fit", "photos", "--name", "flowers", "--no-report", *changes, "--set", "dataset.fit=pad") == 1
    assert "start anew with --overwrite" in capsys.readouterr().err


def test_pictures_are_encoded_as_they_are_asked_for() -> None:
    startup.start_keras()
    from synthserve_training.data.datasets import Images
    from synthserve_training.data.preprocessing import image

    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), np.uint8)
    fitted = image.fit(image.Options(), Images(pixels, np.zeros(9, np.int64), names=()))
    assert len(fitted.samples) == 9
    np.testing.assert_allclose(fitted.samples[:], pixels / 127.5 - 1.0, atol=1e-6)
    np.testing.assert_array_equal(fitted.samples[np.array([4, 2])], fitted.samples[:][[4, 2]])
    assert (dict(fitted.classes), dict(fitted.categories)) == ({}, {})
