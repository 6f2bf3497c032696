"""Images whose labels are a condition: from the networks to the package that the core runs."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import synthserve_core
from synthserve_core import Equals
from synthserve_core.contract.conditions import ConditionError
from synthserve_core.contract.model import IMAGE, ConditionKind
from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.data.datasets import Images
from synthserve_training.data.preprocessing import Preprocessed, image
from synthserve_training.errors import RecipeError
from synthserve_training.export import package
from synthserve_training.models import pipeline
from synthserve_training.models.networks import Networks
from synthserve_training.models.samplers import mixture
from synthserve_training.models.sampling import generate
from synthserve_training.train.run_folder import Facts

CLASSES, EACH, SIDE = 3, 40, 4
SAMPLER = {"kind": "mixture", "condition": "digit"}


@pytest.fixture(scope="module")
def greys() -> Preprocessed:
    """Images of one grey each: dark ones, middle ones and bright ones are the classes 0, 1 and 2."""
    labels = np.arange(CLASSES).repeat(EACH)
    levels = 40 + 80 * labels + np.random.default_rng(0).integers(-8, 9, len(labels))
    pixels = np.broadcast_to(levels[:, None, None, None], (len(labels), SIDE, SIDE, 1)).astype(np.uint8)
    return image.fit(image.Options(), Images(pixels, labels, label="digit"))


@pytest.fixture(scope="module")
def networks() -> Networks:
    """An encoder to the mean grey, and a generator of images of one grey."""
    sample = layers.Input((SIDE, SIDE, 1))
    mean = layers.GlobalAveragePooling2D()(sample)
    latent = layers.Input((1,))
    drawn = layers.Reshape((SIDE, SIDE, 1))(layers.RepeatVector(SIDE * SIDE)(latent))
    return Networks(generator=keras.Model(latent, drawn), encoder=keras.Model(sample, (mean, layers.Identity()(mean))))


def test_labels_of_images_are_a_condition_of_the_package(
    greys: Preprocessed, networks: Networks, tmp_path: Path
) -> None:
    model = pipeline.fit(part("samplers", SAMPLER), (), networks, greys, seed=0)
    recipe = recipes.parse(recipes.read("mnist-dcgan"))
    history = package.Training(1, 1.0, Facts(seed=0, hardware="", packages={}))
    loaded = synthserve_core.load(package.write(recipe, model, history, tmp_path, 1))

    (condition,) = loaded.model.conditions
    assert (condition.name, condition.kind, condition.categories) == ("digit", ConditionKind.CODE, ("0", "1", "2"))
    for label in range(CLASSES):
        drawn = loaded.samples(seed=5, count=200, where={"digit": Equals(str(label))})[IMAGE].astype(int)
        assert (np.abs(drawn - (40 + 80 * label)) < 30).all()
        wanted = {"digit": np.array([label])}
        of_keras = generate(model, seed=5, count=200, settings=wanted, batch_size=32)[IMAGE]
        assert (np.abs(drawn - of_keras) <= 1).all()
    every = loaded.samples(seed=5, count=200)[IMAGE].mean(axis=(1, 2, 3))
    assert all((np.abs(every - (40 + 80 * label)) < 30).any() for label in range(CLASSES))
    with pytest.raises(ConditionError, match="'3' is not allowed; allowed are: 0, 1, 2"):
        loaded.samples(seed=5, count=1, where={"digit": Equals("3")})


def test_another_name_than_the_label_is_an_error_that_names_it(greys: Preprocessed, networks: Networks) -> None:
    with pytest.raises(RecipeError, match="'species' is not a column of categories; those are: digit"):
        mixture.check(mixture.Options(condition="species"), networks, greys)
