"""Whole evaluations: made-up features of made-up pictures, and the real networks on a few real ones."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fixtures import packages

from synthserve_core.contract.model import IMAGE
from synthserve_training import recipe as recipes
from synthserve_training.data.datasets import Images, flowers102, mnist
from synthserve_training.data.files import Files
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import images
from synthserve_training.evaluation.figures import Section
from synthserve_training.evaluation.images import digits
from synthserve_training.evaluation.images.contents import CONTENTS
from synthserve_training.evaluation.images.digits.evaluation import DigitEvaluation
from synthserve_training.evaluation.images.digits.training import build, keep, train
from synthserve_training.evaluation.images.networks import Inception
from synthserve_training.evaluation.images.real import load
from synthserve_training.evaluation.subject import Subject
from synthserve_training.types import NO_FIGURES


class Projection:
    digest = "1" * 64
    size = 8
    batch_size = 32

    def features(self, pixels: np.ndarray) -> np.ndarray:
        flat = pixels.reshape(len(pixels), -1).astype(np.float32) / 255
        return flat @ np.random.default_rng(0).normal(size=(flat.shape[1], self.size)).astype(np.float32)


SIZES = {"flowers-wgan-gp-ema": (64, 64, 3), "mnist-dcgan": (28, 28, 1)}


def subject(recipe: str, folder: Path, seed: int = 3) -> Subject:
    """A package with a recipe, whose graph is a random projection of the latent."""
    size = SIZES[recipe]
    package = folder / "exported" / recipe / "1"
    if not package.exists():
        packages.write_package(
            folder / "exported",
            recipe,
            packages.image_graph(*size),
            packages.image_manifest(*size),
            change=lambda manifest: manifest.update(provenance={"recipe": recipes.read(recipe)}),
        )
    return Subject.open(package, seed=seed)


def pixels_of(subject: Subject, count: int) -> np.ndarray:
    return np.concatenate([arrays[IMAGE] for arrays in subject.samples(count)])


@pytest.fixture
def no_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Inception, "find", lambda _files: Projection())


def figures(sections: list[Section]) -> dict[str, Any]:
    return {figure.metric: figure for section in sections for figure in section.figures}


@pytest.mark.usefixtures("no_networks")
def test_flowers_are_held_against_halves_of_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pixels = pixels_of(subject("flowers-wgan-gp-ema", tmp_path, seed=9), 301)
    monkeypatch.setattr(flowers102, "load", lambda *_: Images(pixels, np.zeros(301, np.int64)))
    told: list[str] = []

    def progress(what: str, _done: int, _total: int, _figures: Mapping[str, float] = NO_FIGURES) -> None:
        told.append(what)

    sections = images.evaluate(dataclasses.replace(subject("flowers-wgan-gp-ema", tmp_path), progress=progress))
    found = figures(sections)
    assert [section.title for section in sections] == [
        "Samples", "Distance from real pictures", "Fidelity and variety", "Memorisation"
    ]  # fmt: skip
    assert set(found) == {
        "fid", "fid_half", "kid", "precision", "recall", "density", "coverage",
        "nearest_training_distance", "copied_share",
    }  # fmt: skip
    assert [name for name, figure in found.items() if figure.headline] == ["fid", "kid"]
    assert found["fid"].value < found["fid_half"].value  # of twice as many pictures, all of one distribution
    assert all(figure.reference is not None for figure in found.values())
    assert dict.fromkeys(told) == dict.fromkeys(["flowers102-half-1", "flowers102-half-2", "generated pictures"])
    protocol = {row[0]: row[1] for table in sections[1].tables for row in table.rows}
    assert (protocol["SHA-256 of its graph"], protocol["generated pictures"]) == ("1" * 64, 301)
    plots = [plot for section in sections for plot in section.plots]
    assert [plot.name for plot in plots] == ["samples", "real", "nearest"]
    assert all(plot.png.startswith(b"\x89PNG") for plot in plots)
    json.dumps([figure.description for figure in found.values()])


@pytest.mark.usefixtures("no_networks")
def test_digits_are_held_against_the_test_set_and_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pixels = pixels_of(subject("mnist-dcgan", tmp_path, seed=9), 120)
    labels = np.arange(120) % 10
    monkeypatch.setattr(mnist, "load", lambda *_: Images(pixels, labels))
    keep(build(), tmp_path / "untrained.onnx")
    reader = digits.DigitReader(tmp_path / "untrained.onnx")
    monkeypatch.setitem(CONTENTS, "mnist", lambda *_: DigitEvaluation(reader))
    sections = images.evaluate(subject("mnist-dcgan", tmp_path), limit=100)
    assert sections[3].title == "Digits"
    found = figures(sections)
    assert {"class_histogram_tv", "readable_share", "frechet_lenet"} < set(found)
    assert "fid_half" not in found
    assert reader.digest in sections[3].summary
    (table,) = sections[3].tables
    assert sum(row[1] for row in table.rows) == pytest.approx(1)  # type: ignore[misc]  # the column holds numbers


def test_pictures_are_evaluated_without_tensorflow() -> None:
    modules = ("cli", "evaluation.run", "evaluation.images", "export.manifest")
    lines = [f"import synthserve_training.{module}" for module in modules]
    lines += ["import sys", "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"]
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)], check=False).returncode == 0


def test_table_is_not_evaluated_as_pictures(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="the dataset of iris-vae is a table"):
        load(recipes.parse(recipes.read("iris-vae")), Files(None, tmp_path))


def test_reader_learns_to_read_and_one_that_does_not_is_refused(data_dir: Path, tmp_path: Path) -> None:
    files = Files(data_dir, tmp_path)
    training, test = (mnist.load(mnist.Options(split=split), files) for split in ("train", "test"))
    few = Images(training.pixels[:8000], training.labels[:8000])
    network = build()
    train(network, few, epochs=2)
    path = tmp_path / digits.FILE
    keep(network, path)
    reader = digits.DigitReader(path)
    assert 0.9 < reader.accuracy(test) < 0.99
    np.testing.assert_allclose(
        reader.features(test.pixels[:9]), network(test.pixels[:9].astype(np.float32))["features"], rtol=1e-4, atol=1e-4
    )
    graph, seeds = path.read_bytes(), list[int]()

    def train_again(_training: Images, target: Path, seed: int) -> None:
        seeds.append(seed)
        target.write_bytes(graph)

    with pytest.raises(EvaluationError, match=r"reads only 9.*after 3 tries"):
        digits.reader(training, test, tmp_path, train_again)
    assert seeds == [1, 2]
    assert not path.exists()


def test_reader_is_trained_in_another_process_and_kept(tmp_path: Path) -> None:
    pixels = np.zeros((200, 28, 28, 1), np.uint8)
    labels = np.arange(200) % 10
    pixels[np.arange(200), 5 + 2 * labels, 8:20] = 255  # a line for each class at a height of its own
    made_up = Images(pixels, labels)
    digits.train(made_up, tmp_path / "cache" / "reader.onnx", 0)
    kept = digits.DigitReader(tmp_path / "cache" / "reader.onnx")
    assert [path.name for path in kept.path.parent.iterdir()] == ["reader.onnx"]
    assert kept.probabilities(pixels[:20]).shape == (20, 10)


def test_reader_that_cannot_be_trained_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, stderr="Traceback\nMemoryError: too little\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    made_up = Images(np.zeros((1, 28, 28, 1), np.uint8), np.zeros(1, np.int64))
    with pytest.raises(EvaluationError, match="could not be trained: MemoryError: too little"):
        digits.train(made_up, tmp_path / "reader.onnx", 0)
    assert not list(tmp_path.iterdir())


def test_inception_tells_digits_from_noise(data_dir: Path, tmp_path: Path) -> None:
    files = Files(data_dir, tmp_path)
    network = Inception.find(files)
    grey = mnist.load(mnist.Options(split="test"), files).pixels[:3]
    noise = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1), np.uint8)
    features = network.features(np.concatenate([grey, noise]))
    assert features.shape == (4, 2048)
    assert features.min() >= 0  # a mean of rectified values
    np.testing.assert_allclose(network.features(np.repeat(grey, 3, axis=3)), features[:3], atol=1e-4)
    distance = np.linalg.norm(features[:, None] - features, axis=2)
    assert distance[3, :3].min() > distance[:3, :3].max()
