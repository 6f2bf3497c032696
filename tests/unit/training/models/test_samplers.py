import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers

from synthserve_training import recipe as recipes
from synthserve_training.data.preprocessing import table
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.models.noise import uniform
from synthserve_training.models.samplers import mixture
from synthserve_training.train.experiment import Experiment, assemble
from synthserve_training.train.objectives.vae import kl_divergence


@pytest.fixture(scope="module")
def iris() -> Experiment:
    return assemble(recipes.parse(recipes.read("iris-vae")), seed=3)


def test_uniform_is_uniform_and_stays_in_the_unit_interval() -> None:
    values = np.asarray(uniform(np.random.default_rng(0).standard_normal(100_000, np.float32)))
    assert np.histogram(values, 10, (0, 1))[0] / len(values) == pytest.approx([0.1] * 10, abs=0.005)
    ends = np.asarray(uniform(np.array([-40, 40], np.float32)))
    assert ends.tolist() == [0, 1]


@pytest.mark.parametrize("code", [0, 1, 2])
def test_condition_draws_from_the_encodings_of_its_class(iris: Experiment, code: int) -> None:
    sampler = mixture.fit(mixture.Options(condition="species"), iris.networks, iris.preprocessed, 0)
    noise = np.random.default_rng(1).standard_normal((4000, sampler.noise_size), np.float32)
    latents = np.asarray(sampler(noise, np.full(4000, code)).latents)

    means = np.asarray(iris.networks.encoder(iris.preprocessed.samples)[0])  # type: ignore[misc]  # a VAE has an encoder
    members = means[iris.preprocessed.classes["species"] == code]
    spread = members.std(axis=0) + 1e-3
    assert (np.abs(latents.mean(axis=0) - members.mean(axis=0)) < 0.15 * spread).all()


def test_sampler_that_needs_an_encoder_or_a_column_says_so(iris: Experiment) -> None:
    with pytest.raises(RecipeError, match="not a column of categories; those are: species"):
        mixture.fit(mixture.Options(condition="sepal_length"), iris.networks, iris.preprocessed, 0)


def unchanged(width: int) -> Networks:
    """Networks that encode a sample to itself."""
    sample = layers.Input((width,))
    both = layers.Identity()(sample), layers.Identity()(sample)
    return Networks(generator=keras.Model(sample, sample), encoder=keras.Model(sample, both))


@pytest.mark.parametrize(
    ("near", "far", "components"),
    [
        pytest.param(12, 0, 12, id="as many components as samples"),
        pytest.param(19, 1, 4, id="a sample far from the others"),
        pytest.param(28, 3, 3, id="three samples far from all others"),
    ],
)
def test_no_component_is_of_fewer_than_five_samples(near: int, far: int, components: int) -> None:
    generator = np.random.default_rng(0)
    numbers = np.concatenate([generator.normal(size=(near, 2)), 50 * generator.normal(size=(far, 2))])
    columns = tuple(table.ColumnOptions(name=name, type="double") for name in "xy")
    data = table.fit(table.Options(columns=columns, max_abs_z=None), pd.DataFrame(numbers, columns=["x", "y"]))
    fitted = mixture.fit(mixture.Options(components=components), unchanged(2), data, 0)
    samples = np.diff(fitted.shares[0], prepend=0) * len(numbers)
    assert (samples >= 5 - 1e-3).all()


def test_as_many_components_as_asked_for_where_there_are_samples(iris: Experiment) -> None:
    options = mixture.Options(components=3, condition="species")
    fitted = mixture.fit(options, iris.networks, iris.preprocessed, 0)
    assert np.bincount(fitted.classes).tolist() == [3, 3, 3]


def test_data_of_small_classes_alone_are_an_error() -> None:
    columns = (
        table.ColumnOptions(name="x", type="double"),
        table.ColumnOptions(name="kind", type="category"),
    )
    rows = pd.DataFrame({"x": range(12), "kind": list("abcd") * 3})
    data = table.fit(table.Options(columns=columns), rows)
    options = mixture.Options(condition="kind")
    with pytest.raises(RecipeError, match="needs 5 rows of each kind, and 'a' has 3"):
        mixture.check(options, unchanged(5), data)
    with pytest.raises(RecipeError, match="needs 5 rows of a kind, and all have fewer"):
        mixture.fit(options, unchanged(5), data, 0)


def test_divergence_is_zero_at_the_prior_and_positive_elsewhere() -> None:
    mean = np.array([[0, 0], [1, 0], [0, 0]], np.float32)
    log_variance = np.array([[0, 0], [0, 0], [2, -1]], np.float32)
    values = np.asarray(kl_divergence(mean, log_variance))
    assert values[0] == 0
    assert values[1] == pytest.approx(0.5)
    assert values[2] > 0
