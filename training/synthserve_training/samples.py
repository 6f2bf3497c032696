"""Sample files of a training run: what the networks generate after an epoch, from the same noise each time."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import ImageSchema
from synthserve_training import whole_files
from synthserve_training.experiment import Experiment
from synthserve_training.grid import grid
from synthserve_training.run_folder import RunFolder

_GRID_SIDE = 8
_IMAGE_NOISE_KEY = 0x5A3C


def sample_writer(experiment: Experiment) -> Callable[[int, RunFolder], None]:
    """Makes the function that writes an image model's samples; for a table model it writes nothing."""
    if not isinstance(experiment.preprocessed.decoder.schema, ImageSchema):
        return lambda _epoch, _run: None
    noise = np.random.Generator(np.random.Philox(key=_IMAGE_NOISE_KEY))
    latent = noise.standard_normal((_GRID_SIDE**2, experiment.networks.latent_size), np.float32)

    def write(epoch: int, run: RunFolder) -> None:
        generator = experiment.finished_networks().generator
        picture = grid(pictures(experiment, generator, latent), _GRID_SIDE)
        with whole_files.replacing(run.samples / f"epoch-{epoch:04d}.png") as stream:
            picture.save(stream, format="png")

    return write


def pictures(experiment: Experiment, generator: keras.Model, latents: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Generates pictures [n, height, width, channels] of latents [n, latent_size]."""
    samples = generator(latents, training=False)
    return np.asarray(experiment.preprocessed.decoder.decode(samples)["image"]).astype(np.uint8, copy=False)
