import numpy as np
import pytest

from synthserve_training import recipe as recipes
from synthserve_training.errors import RecipeError
from synthserve_training.models.heads import Unfinished, observation_noise
from synthserve_training.models.heads.observation_noise import ObservationNoise
from synthserve_training.train.experiment import Experiment, assemble

SPECIES = ["setosa", "versicolor", "virginica"]


@pytest.fixture(scope="module")
def iris() -> Experiment:
    return assemble(recipes.parse(recipes.read("iris-vae")), seed=3)


def fitted(iris: Experiment, column: str | None) -> ObservationNoise:
    unfinished = Unfinished(iris.networks, iris.preprocessed, column, lambda _code: pytest.fail("drawn"))
    return observation_noise.fit(observation_noise.Options(), unfinished)


def residuals(experiment: Experiment) -> np.ndarray:
    means, _ = experiment.networks.encoder(experiment.preprocessed.samples)  # type: ignore[misc]  # a VAE has an encoder
    return np.asarray(experiment.preprocessed.samples - np.asarray(experiment.networks.generator(means)))[:, :4]


@pytest.mark.parametrize("code", range(3), ids=SPECIES)
def test_each_class_gets_the_scatter_of_its_own_residuals(iris: Experiment, code: int) -> None:
    noise = fitted(iris, "species")
    drawn = np.random.default_rng(0).standard_normal((50_000, noise.noise_size), np.float32)
    added = np.asarray(noise(np.zeros((50_000, 7), np.float32), drawn, np.full(50_000, code)))
    own = residuals(iris)[iris.preprocessed.classes["species"] == code]
    assert (added[:, 4:] == 0).all()
    assert added[:, :4].mean(axis=0) == pytest.approx(own.mean(axis=0), abs=2e-3)
    # Some of the covariance is that of all rows: for these fifty a twelfth.
    assert added[:, :4].std(axis=0) == pytest.approx(own.std(axis=0), rel=0.16)


def test_without_classes_there_is_one_scatter(iris: Experiment) -> None:
    noise = fitted(iris, None)
    assert len(noise.offsets) == len(noise.factors) == 1
    drawn = np.random.default_rng(0).standard_normal((50_000, noise.noise_size), np.float32)
    added = np.asarray(noise(np.zeros((50_000, 7), np.float32), drawn, np.zeros(50_000, np.int64)))[:, :4]
    assert np.cov(added, rowvar=False) == pytest.approx(np.cov(residuals(iris), rowvar=False), rel=0.05, abs=1e-3)


def test_both_ways_of_adding_are_the_same() -> None:
    generator = np.random.default_rng(0)
    offsets = generator.standard_normal((1, 5), np.float32)
    factors = generator.standard_normal((1, 5, 3), np.float32)
    samples = generator.standard_normal((20, 5), np.float32)
    noise = generator.standard_normal((20, 3), np.float32)
    code = np.zeros(20, np.int64)
    alone = ObservationNoise(offsets, factors)(samples, noise, code)
    by_class = ObservationNoise(offsets.repeat(2, axis=0), factors.repeat(2, axis=0))(samples, noise, code)
    assert np.asarray(alone) == pytest.approx(np.asarray(by_class), abs=1e-5)


def test_column_of_numbers_is_an_error(iris: Experiment) -> None:
    with pytest.raises(RecipeError, match="not a column of categories"):
        fitted(iris, "petal_width")
