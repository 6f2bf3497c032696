import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthserve_training.evaluation.images.distances.frechet import frechet_distance
from synthserve_training.evaluation.images.distances.kernel import discrepancy, kernel_distance
from synthserve_training.evaluation.images.distances.manifold import measure, radii, squared_distances
from synthserve_training.evaluation.images.distances.moments import Moments


def moments(vectors: np.ndarray) -> Moments:
    result = Moments(vectors.shape[1])
    result.add(vectors)
    return result


def gaussian(mean: list[float], covariance: list[list[float]]) -> Moments:
    """Moments that are exactly these."""
    result = Moments(len(mean))
    result.count, result.mean, result.scatter = 2, np.array(mean), np.array(covariance)
    return result


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.floats(-1e6, 1e6))
def test_running_moments_are_those_of_the_whole(sizes: list[int], far: float) -> None:
    vectors = np.random.default_rng(len(sizes)).normal(far, 3.0, (sum(sizes) + 2, 4))
    running, other = Moments(4), Moments(4)
    for index, block in enumerate(np.split(vectors, np.cumsum([*sizes]))):
        (running if index % 2 else other).add(block)
    joined = running.joined(other)
    assert joined.count == len(vectors)
    # A mean next to 0 of numbers around 3 has no twelve digits.
    np.testing.assert_allclose(joined.mean, vectors.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(joined.covariance, np.cov(vectors, rowvar=False), rtol=1e-6, atol=1e-6)


def test_covariance_of_one_vector_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        _ = moments(np.ones((1, 3))).covariance


def test_frechet_distance_of_known_gaussians() -> None:
    first = gaussian([0.0, 0.0], [[4.0, 0.0], [0.0, 9.0]])
    second = gaussian([3.0, 4.0], [[1.0, 0.0], [0.0, 1.0]])
    assert frechet_distance(first, second) == pytest.approx(25.0 + (2.0 - 1.0) ** 2 + (3.0 - 1.0) ** 2)
    # Covariances that do not commute: against the trace of the root by its definition.
    third = gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 3.0]])
    product = np.linalg.eigvals(first.covariance @ third.covariance)
    expected = np.trace(first.covariance) + np.trace(third.covariance) - 2 * np.sqrt(product).sum()
    assert frechet_distance(first, third) == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_frechet_distance_does_not_change_under_rotation_shift_and_exchange(seed: int) -> None:
    generator = np.random.default_rng(seed)
    one, two = generator.normal(0, 1, (50, 5)), generator.normal(1, 2, (60, 5))
    rotation, _ = np.linalg.qr(generator.normal(size=(5, 5)))
    expected = frechet_distance(moments(one), moments(two))
    assert frechet_distance(moments(two), moments(one)) == pytest.approx(expected)
    turned = frechet_distance(moments(one @ rotation + 7), moments(two @ rotation + 7))
    assert turned == pytest.approx(expected)
    assert frechet_distance(moments(3 * one), moments(3 * two)) == pytest.approx(9 * expected)
    assert frechet_distance(moments(one), moments(one)) == pytest.approx(0.0, abs=1e-6)


def test_frechet_distance_of_singular_covariances_needs_no_help() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 40))  # of rank 4 in 40 dimensions
    assert frechet_distance(moments(vectors), moments(vectors)) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(moments(vectors), moments(vectors + 2.0)) == pytest.approx(160.0)


def test_kernel_distance_has_mean_zero_on_one_distribution_and_not_on_two() -> None:
    generator = np.random.default_rng(0)
    estimates = [
        discrepancy(*generator.normal(size=(2, 40, 8)).astype(np.float32))  # unbiased for few samples, too
        for _ in range(400)
    ]
    assert abs(np.mean(estimates)) < 4 * np.std(estimates) / np.sqrt(len(estimates))
    one, two = generator.normal(size=(2, 500, 8)).astype(np.float32)
    same, spread = kernel_distance(one, two, generator, subsets=20, subset_size=200)
    other, _ = kernel_distance(one, two + 1, generator, subsets=20, subset_size=200)
    assert abs(same) < 3 * spread
    assert other > 10 * abs(same)


def test_kernel_distance_by_its_definition() -> None:
    one, two = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32), np.array([[1.0, 1.0], [2.0, 0.0]], np.float32)

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 2 + 1) ** 3)

    across = np.mean([kernel(x, y) for x in one for y in two])
    assert discrepancy(one, two) == pytest.approx(kernel(*one) + kernel(*two) - 2 * across)


def test_balls_around_real_samples() -> None:
    generator = np.random.default_rng(0)
    real, like = generator.normal(size=(2, 600, 4)).astype(np.float32)
    same = measure(real, like)
    assert same.precision > 0.85
    assert same.recall > 0.85
    assert same.density == pytest.approx(1.0, abs=0.1)
    assert same.coverage == pytest.approx(1 - 1 / 2**5, abs=0.03)  # Naeem et al., lemma 2

    narrow = measure(real, like * 0.05)  # only what is most usual
    assert narrow.precision > 0.99
    assert narrow.recall < 0.1
    assert narrow.coverage < 0.1
    off = measure(real, like + 20)
    assert (off.precision, off.recall, off.density, off.coverage) == (0, 0, 0, 0)


def test_radius_is_the_distance_to_the_nth_nearest_other() -> None:
    points = np.array([[0.0], [1.0], [3.0], [3.0]], np.float32)
    np.testing.assert_allclose(radii(points, 1), [1, 1, 0, 0])
    np.testing.assert_allclose(radii(points, 2), [9, 4, 4, 4])
    np.testing.assert_allclose(squared_distances(points[:2], points[2:]), [[9, 9], [4, 4]])
    with pytest.raises(ValueError, match="no 4 neighbours"):
        radii(points, 4)
