"""Measures during a training how near the generated pictures are to the real ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute.ranges import cut
from synthserve_core.contract.model import IMAGE
from synthserve_training.data.files import Files
from synthserve_training.errors import RecipeError
from synthserve_training.evaluation.images.comparison import MOST_FEATURES, summarise_all
from synthserve_training.evaluation.images.digits import reader
from synthserve_training.evaluation.images.distances.frechet import frechet_distance
from synthserve_training.evaluation.images.networks import FeatureNetwork, Inception
from synthserve_training.evaluation.images.real import RealImages, cache_folder, load
from synthserve_training.evaluation.images.summary import summarise
from synthserve_training.models.sampling import generate
from synthserve_training.train.experiment import Experiment
from synthserve_training.train.loop import Measure
from synthserve_training.types import Progress

SEED = 0xF1D
"""Of the pictures that are measured."""

_BATCH = 250


def tracker(experiment: Experiment, files: Files, progress: Progress) -> Measure:
    """Makes the function that measures what a recipe's section `training.tracking` asks for.

    Args:
        experiment: What is trained.
        files: Where its dataset and the network lie.
        progress: Is told about the features of real pictures, which are computed once and kept.

    Returns:
        Epoch to `frechet_{network}`, the Fréchet distance of pictures of the same noise each time from all those that
        are trained on; nothing in the epochs between.

    Raises:
        DatasetError: The dataset or the Inception network is missing or corrupt.
        EvaluationError: The dataset is no pictures.
        RecipeError: The network that reads digits is to look at other pictures.
    """
    tracking = experiment.recipe.training.tracking
    if tracking is None:
        return lambda _epoch: {}
    real = load(experiment.recipe, files, training=experiment.preprocessed.data)
    cache = cache_folder(files)
    network = Inception.find(files) if tracking.network == "inception" else _digit_reader(real, cache)
    moments = summarise_all(network, real, MOST_FEATURES, cache=cache, progress=progress).training.moments

    def measure(epoch: int) -> Mapping[str, float]:
        if epoch % tracking.every:
            return {}
        generated = summarise(network, pictures(experiment, tracking.samples), tracking.samples, subset=0, seed=0)
        return {f"frechet_{tracking.network}": frechet_distance(generated.moments, moments)}

    return measure


def pictures(experiment: Experiment, count: int) -> Iterator[NDArray[np.uint8]]:
    """Batches of the pictures that a model generates as it is now, from the same noise each time.

    Yields:
        uint8 [n, height, width, channels].
    """
    model = experiment.generative()
    for start, some in cut(0, count, _BATCH, _BATCH):
        yield generate(model, seed=SEED, start=start, count=some, batch_size=_BATCH)[IMAGE]


def _digit_reader(real: RealImages, cache: Path) -> FeatureNetwork:
    if real.name != "mnist" or real.held_out is None:
        raise RecipeError('[training.tracking] network = "digits" is for the training digits of mnist: use "inception"')
    return reader(real.training, real.held_out, cache)
