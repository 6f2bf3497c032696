import numpy as np
import pytest

from synthserve_training import recipe as recipes
from synthserve_training.components import component
from synthserve_training.errors import RecipeError
from synthserve_training.experiment import Experiment, assemble
from synthserve_training.noise import uniform
from synthserve_training.objectives.vae import kl_divergence


@pytest.fixture(scope="module")
def iris() -> Experiment:
    return assemble(recipes.read("iris-vae"), seed=3)


def test_uniform_is_uniform_and_stays_in_the_unit_interval() -> None:
    values = np.asarray(uniform(np.random.default_rng(0).standard_normal(100_000, np.float32)))
    assert np.histogram(values, 10, (0, 1))[0] / len(values) == pytest.approx([0.1] * 10, abs=0.005)
    ends = np.asarray(uniform(np.array([-40, 40], np.float32)))
    assert ends.tolist() == [0, 1]


@pytest.mark.parametrize("kind", ["mixture", "interpolation"])
@pytest.mark.parametrize("code", [0, 1, 2])
def test_condition_draws_from_the_encodings_of_its_class(iris: Experiment, kind: str, code: int) -> None:
    module, options = component("samplers", {"kind": kind, "condition": "species"})
    sampler = module.fit(options, iris.networks, iris.preprocessed, 0)
    noise = np.random.default_rng(1).standard_normal((4000, sampler.noise_size), np.float32)
    latents = np.asarray(sampler(noise, {"species": np.full(4000, code)}).latents)

    means = np.asarray(iris.networks.encoder(iris.preprocessed.samples)[0])  # type: ignore[misc]  # a VAE has an encoder
    members = means[iris.preprocessed.classes["species"] == code]
    spread = members.std(axis=0) + 1e-3
    assert (np.abs(latents.mean(axis=0) - members.mean(axis=0)) < 0.15 * spread).all()


def test_interpolation_stays_between_training_points(iris: Experiment) -> None:
    module, options = component("samplers", {"kind": "interpolation", "condition": "species"})
    sampler = module.fit(options, iris.networks, iris.preprocessed, 0)
    noise = np.random.default_rng(1).standard_normal((1000, sampler.noise_size), np.float32)
    latents = np.asarray(sampler(noise, {"species": np.full(1000, -1)}).latents)
    assert (latents >= sampler.points.min(axis=0) - 1e-6).all()
    assert (latents <= sampler.points.max(axis=0) + 1e-6).all()


def test_sampler_that_needs_an_encoder_or_a_column_says_so(iris: Experiment) -> None:
    module, options = component("samplers", {"kind": "mixture", "condition": "sepal_length"})
    with pytest.raises(RecipeError, match="not a column of categories; those are: species"):
        module.fit(options, iris.networks, iris.preprocessed, 0)


def test_divergence_is_zero_at_the_prior_and_positive_elsewhere() -> None:
    mean = np.array([[0, 0], [1, 0], [0, 0]], np.float32)
    log_variance = np.array([[0, 0], [0, 0], [2, -1]], np.float32)
    values = np.asarray(kl_divergence(mean, log_variance))
    assert values[0] == 0
    assert values[1] == pytest.approx(0.5)
    assert values[2] > 0
