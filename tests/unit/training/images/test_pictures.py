"""Resizing, summaries that are kept, and the nearest training picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from synthserve_training.data.datasets import Images
from synthserve_training.evaluation.images.comparison import Distances, compare
from synthserve_training.evaluation.images.distances.nearest import nearest
from synthserve_training.evaluation.images.real import RealImages
from synthserve_training.evaluation.images.resize import bilinear
from synthserve_training.evaluation.images.summary import Summary, summarise, summarise_real
from synthserve_training.types import NO_FIGURES, Progress, no_progress


class Projection:
    """A feature network that costs nothing."""

    digest = "0" * 64
    size = 6
    batch_size = 8

    def __init__(self) -> None:
        self.seen = 0

    def features(self, images: np.ndarray) -> np.ndarray:
        self.seen += len(images)
        flat = images.reshape(len(images), -1).astype(np.float32) / 255
        return flat @ np.random.default_rng(0).normal(size=(flat.shape[1], self.size)).astype(np.float32)


def pictures(count: int, seed: int = 0, most: int = 255) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most + 1, (count, 4, 4, 3), np.uint8)


@pytest.mark.parametrize(("height", "width", "side"), [(28, 28, 299), (64, 64, 299), (5, 9, 7), (300, 310, 299)])
def test_resizing_is_tensorflows_bilinear_with_half_pixel_centres(height: int, width: int, side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    expected = tf.image.resize(images, (side, side), method="bilinear", antialias=False).numpy()
    np.testing.assert_allclose(bilinear(images, side), expected, atol=1e-2)  # it rounds positions to float32


def test_summary_does_not_depend_on_the_batches() -> None:
    images = pictures(1100)
    features = Projection().features(images)
    for parts in (1, 3, 40):
        summary = summarise(Projection(), np.array_split(images, parts), len(images), subset=50, seed=1)
        assert summary.moments.count == len(images)
        np.testing.assert_allclose(summary.moments.mean, features.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(summary.moments.covariance, np.cov(features, rowvar=False), rtol=1e-4)
        kept = np.sort(np.random.default_rng(1).choice(len(images), 50, replace=False))
        np.testing.assert_allclose(summary.subset, features[kept], rtol=1e-5)


def real(network: Projection, images: np.ndarray, cache: Path, progress: Progress = no_progress) -> Summary:
    return summarise_real(network, images, subset=9, seed=0, cache=cache, name="set-training", progress=progress)


def test_summary_of_real_pictures_is_kept_and_found_by_what_it_was_made_of(tmp_path: Path) -> None:
    images, network = pictures(100), Projection()
    first = real(network, images, tmp_path)
    again = real(network, images, tmp_path)
    assert network.seen == 100
    np.testing.assert_array_equal(again.moments.scatter, first.moments.scatter)
    np.testing.assert_array_equal(again.subset, first.subset)
    real(network, pictures(100, seed=1), tmp_path)
    assert network.seen == 200
    for kept in tmp_path.iterdir():
        kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(real(network, images, tmp_path).subset, first.subset)
    assert network.seen == 300


def test_interrupted_summary_goes_on_where_it_was(tmp_path: Path) -> None:
    images, network = pictures(4000), Projection()
    whole = real(network, images, tmp_path / "whole")

    def interrupt(_what: str, done: int, _total: int, _figures: Mapping[str, float] = NO_FIGURES) -> None:
        if done > 3000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        real(network, images, tmp_path / "parts", interrupt)
    network.seen = 0
    resumed = real(network, images, tmp_path / "parts")
    assert network.seen == 4000 - 2048
    assert resumed.moments.count == 4000
    np.testing.assert_allclose(resumed.moments.covariance, whole.moments.covariance, rtol=1e-9)
    np.testing.assert_array_equal(resumed.subset, whole.subset)


def comparison(held_out: np.ndarray | None, count: int, cache: Path) -> tuple[Distances, list[int]]:
    asked: list[int] = []

    def generate(number: int) -> Iterator[np.ndarray]:
        asked.append(number)
        yield from np.array_split(pictures(number, seed=2), 7)

    labels = np.zeros(240, np.int64)
    training = Images(pictures(240), labels)
    other = None if held_out is None else Images(held_out, labels[: len(held_out)])
    images = RealImages("set", training, other, mirrored=False)
    return compare(Projection(), generate, count, images, seed=0, cache=cache, progress=no_progress), asked


@pytest.mark.parametrize("held_out", [None, pictures(120, seed=1)], ids=["halves", "held-out"])
def test_pictures_of_one_distribution_are_as_far_as_real_ones(held_out: np.ndarray | None, tmp_path: Path) -> None:
    found, asked = comparison(held_out, 240, tmp_path)
    assert asked == [240]
    assert found.counts == (240, 240, 120, 120 if held_out is None else 240)
    assert found.frechet_same_size < 3 * found.frechet_floor
    assert found.features == 120
    assert found.manifold.coverage > 0.9


def test_nearest_picture_is_found_even_mirrored_and_never_itself() -> None:
    training = pictures(1500)
    samples = training[[3, 1200]].copy()
    samples[0, 0, 0, 0] ^= 1
    found = nearest(samples, training)
    assert found.index.tolist() == [3, 1200]
    assert found.distance[0] == pytest.approx(np.sqrt(1 / 48), rel=1e-2)
    assert found.distance[1] == 0

    assert nearest(training[[7]][:, :, ::-1], training).distance[0] > 10
    mirrored = nearest(training[[7]][:, :, ::-1], training, mirrored=True)
    assert (mirrored.index[0], mirrored.distance[0]) == (7, 0)

    chosen = np.array([5, 1300])
    others = nearest(training[chosen], training, leave_out=chosen)
    assert not np.isin(others.index, chosen).any()
    assert (others.distance > 10).all()
