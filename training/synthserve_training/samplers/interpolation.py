"""Interpolation between the encoded means of two training samples of the same class.

The exported graph carries the encoded training samples themselves. Where the people behind them matter, use `mixture`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray
from pydantic import Field

from synthserve_training import classwise
from synthserve_training.components import OptionsBase
from synthserve_training.networks import Networks
from synthserve_training.noise import uniform
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers import Draw
from synthserve_training.samplers._classes import asked_for, check_classes, class_codes, class_count, encoded_means

# Of one sample there is no line: every sample of its class would be that one again.
_LEAST_ROWS = 2


class Options(OptionsBase):
    """The interpolation."""

    condition: str | None = Field(default=None, description="The column whose classes are not mixed")


@dataclass(frozen=True)
class Interpolation:
    """Draws two encoded samples of one class, and a point on the line between them.

    Attributes:
        points: float32 [samples, latent_size].
        shares: float32 [1 + classes, samples]: tables of all samples and of those of each class, to pick from.
        classes: int64 [samples].
        conditions: The column that can be asked for.
    """

    points: NDArray[np.float32]
    shares: NDArray[np.float32]
    classes: NDArray[np.int64]
    conditions: tuple[str, ...]

    @property
    def noise_size(self) -> int:
        """The first sample, the second, and where between them."""
        return 3

    @property
    def privacy(self) -> str:
        """What the interpolation carries of the training data."""
        return "The graph carries every encoded training sample (sampler: interpolation)."

    def __call__(self, noise: Tensor, conditions: Mapping[str, Tensor]) -> Draw:
        """Maps noise [n, 3] to latents, and the class of the two samples."""
        wanted = asked_for(conditions, noise)
        first = classwise.pick(self.shares, wanted + 1, uniform(noise[:, 0]))
        code = ops.take(self.classes, first)
        second = classwise.pick(self.shares, code + 1, uniform(noise[:, 1]))
        start, end = ops.take(self.points, first, axis=0), ops.take(self.points, second, axis=0)
        latents = start + uniform(noise[:, 2])[:, None] * (end - start)
        return Draw(latents, dict.fromkeys(self.conditions, code))


def check(options: Options, networks: Networks, preprocessed: Preprocessed) -> None:
    """Checks what the interpolation needs.

    Raises:
        RecipeError: There is no encoder, the condition is not a column of categories, or a class has one sample.
    """
    check_classes(networks, preprocessed, options.condition, _LEAST_ROWS)


def fit(options: Options, networks: Networks, preprocessed: Preprocessed, _seed: int) -> Interpolation:
    """Encodes the training data.

    Raises:
        RecipeError: There is no encoder, or the condition is not a column of categories.
    """
    points, classes = encoded_means(networks, preprocessed), class_codes(preprocessed, options.condition)
    everyone = np.ones(len(points), np.float32)
    return Interpolation(
        points=points,
        shares=classwise.cumulative_shares(everyone, classes, class_count(preprocessed, options.condition)),
        classes=classes,
        conditions=(options.condition,) if options.condition else (),
    )
