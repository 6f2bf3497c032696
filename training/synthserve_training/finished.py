"""The finished model: noise and conditions in, finished values out. This is the function that is exported."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, TableSchema
from synthserve_training import calibration, observation_noise
from synthserve_training.calibration import Calibration
from synthserve_training.components import component
from synthserve_training.errors import RecipeError
from synthserve_training.experiment import Experiment
from synthserve_training.objectives import Tensor
from synthserve_training.observation_noise import ObservationNoise
from synthserve_training.preprocessing import Decoder
from synthserve_training.samplers import Sampler

# Draws of each class that the calibration is measured on.
_DRAWS = 8192


@dataclass(frozen=True)
class FinishedModel:
    """Sampler, generator, observation noise and decoder in a row.

    Attributes:
        sampler: Noise to latent.
        generator: Latent to encoded sample.
        decoder: Encoded sample to finished values.
        observation_noise: Added to the encoded sample, if any.
        calibration: Applied to the encoded sample after that, if any.
    """

    sampler: Sampler
    generator: keras.Model
    decoder: Decoder
    observation_noise: ObservationNoise | None = None
    calibration: Calibration | None = None

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample takes."""
        return self.sampler.noise_size + (self.observation_noise.noise_size if self.observation_noise else 0)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The columns that can be given a value."""
        return self.sampler.conditions

    def categories(self, condition: str) -> tuple[str, ...]:
        """The values that a condition accepts; it is a column of categories.

        Raises:
            RecipeError: It is not.
        """
        schema = self.decoder.schema
        columns = schema.columns if isinstance(schema, TableSchema) else ()
        for column in columns:
            if column.name == condition and column.type == COLUMN_TYPE_CATEGORY:
                return tuple(column.categories)
        raise RecipeError(f"the condition {condition!r} is not a column of categories")

    def __call__(self, noise: Tensor, conditions: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Generates.

        Args:
            noise: float32 [n, noise_size], standard normal.
            conditions: For each of `conditions` int64 [n], -1 where nothing is asked for.

        Returns:
            Finished values by output name. A column that is a condition has the class that the latent was drawn from:
            the one asked for, where one is. So the rows of a class are the same whether it was asked for or not.
        """
        samples, classes = self.encoded(noise, conditions)
        values = self.decoder.decode(samples)
        return values | {column: ops.cast(code, values[column].dtype) for column, code in classes.items()}

    def encoded(self, noise: Tensor, conditions: Mapping[str, Tensor]) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Generates encoded samples [n, *sample_shape], and the classes that they were drawn from by column."""
        draw = self.sampler(noise[:, : self.sampler.noise_size], conditions)
        samples = self.generator(draw.latents, training=False)
        if self.observation_noise:
            samples = self.observation_noise(samples, noise[:, self.sampler.noise_size :], draw.classes)
        if self.calibration:
            samples = self.calibration(samples, draw.classes)
        return samples, draw.classes


def finish(experiment: Experiment) -> FinishedModel:
    """Fits the recipe's sampler to a trained experiment.

    Raises:
        RecipeError: The sampler does not fit the networks or the data.
    """
    module, options = component("samplers", experiment.recipe.sampler)
    noisy = experiment.recipe.export.observation_noise
    networks = experiment.finished_networks()
    sampler = module.fit(options, networks, experiment.preprocessed, experiment.seed)
    column = next(iter(sampler.conditions), None)  # a sampler that knows classes has one column of them
    scatter = observation_noise.fit(networks, experiment.preprocessed, column) if noisy else None
    model = FinishedModel(sampler, networks.generator, experiment.preprocessed.decoder, scatter)
    if not experiment.recipe.export.calibration:
        return model
    noise = np.random.default_rng(experiment.seed).standard_normal((_DRAWS, model.noise_size), np.float32)

    def draw(code: int | None) -> NDArray[np.float32]:
        wanted = np.full(_DRAWS, -1 if code is None else code, np.int64)
        return np.asarray(model.encoded(noise, dict.fromkeys(model.conditions, wanted))[0])

    return replace(model, calibration=calibration.fit(experiment.preprocessed, column, draw))
