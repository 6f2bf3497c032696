"""Follows, while a model is trained, how near its pictures come to the real ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from synthserve_training.datasets._files import Files
from synthserve_training.errors import RecipeError
from synthserve_training.evaluation.images.comparison import MOST_FEATURES, summarise_all
from synthserve_training.evaluation.images.digits import reader
from synthserve_training.evaluation.images.frechet import frechet_distance
from synthserve_training.evaluation.images.networks import FeatureNetwork, Inception
from synthserve_training.evaluation.images.real import RealImages, cache_folder, load
from synthserve_training.evaluation.images.summary import summarise
from synthserve_training.evaluation.subject import Progress
from synthserve_training.experiment import Experiment
from synthserve_training.loop import Measure
from synthserve_training.samples import pictures

_NOISE_KEY = 0xF1D
_BATCH = 250


def tracker(experiment: Experiment, files: Files, progress: Progress) -> Measure:
    """Makes the function that measures what a recipe's section `training.tracking` asks for.

    Args:
        experiment: What is trained.
        files: Where its dataset and the network lie.
        progress: Told of the features of real pictures, which are taken once and kept.

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
    real = load(experiment.recipe, files)
    cache = cache_folder(files)
    network = Inception.find(files) if tracking.network == "inception" else _digit_reader(real, cache)
    moments = summarise_all(network, real, MOST_FEATURES, cache=cache, progress=progress).training.moments
    noise = np.random.Generator(np.random.Philox(key=_NOISE_KEY))
    latents = noise.standard_normal((tracking.samples, experiment.networks.latent_size), np.float32)

    def measure(epoch: int) -> Mapping[str, float]:
        if epoch % tracking.every:
            return {}
        generator = experiment.finished_networks().generator
        parts = (latents[start : start + _BATCH] for start in range(0, len(latents), _BATCH))
        batches = (pictures(experiment, generator, part) for part in parts)
        generated = summarise(network, batches, len(latents), subset=0, seed=0)
        return {f"frechet_{tracking.network}": frechet_distance(generated.moments, moments)}

    return measure


def _digit_reader(real: RealImages, cache: Path) -> FeatureNetwork:
    if real.name != "mnist" or real.held_out is None:
        raise RecipeError('[training.tracking] network = "digits" is for the training digits of mnist: use "inception"')
    return reader(real.training, real.held_out, cache)
