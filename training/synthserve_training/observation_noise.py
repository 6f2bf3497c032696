"""The scatter of real samples around what a VAE reconstructs of them.

A VAE models p(x | z) as a Gaussian around the decoder's output. Decoding alone gives its mean, so that rows made of
means vary less than real ones. This adds the rest: a Gaussian with the mean and the covariance of the training data's
residuals, class by class where the sampler knows classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training import classwise
from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers._classes import class_codes

# A few rows tell little of a covariance, so that of all rows counts for each class as much as this many of its own.
_SHARED_ROWS = 4


@dataclass(frozen=True)
class ObservationNoise:
    """Adds correlated noise to the numeric parts of encoded samples; one-hot parts stay as they are.

    Attributes:
        offsets: float32 [classes, width]: the residuals' means.
        factors: float32 [classes, width, noise_size]: standard normal noise to residuals.
        column: The column whose class decides; None: there is one class.
    """

    offsets: NDArray[np.float32]
    factors: NDArray[np.float32]
    column: str | None = None

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample takes."""
        return int(self.factors.shape[-1])

    def __call__(self, samples: Tensor, noise: Tensor, classes: Mapping[str, Tensor]) -> Tensor:
        """Adds to samples [n, width] what noise [n, noise_size] makes, given the classes that they were drawn from."""
        code = classes[self.column] if self.column else ops.cast(ops.zeros_like(samples[:, 0]), "int64")
        return samples + ops.take(self.offsets, code, axis=0) + classwise.product(self.factors, noise, code)


def fit(networks: Networks, preprocessed: Preprocessed, column: str | None = None) -> ObservationNoise:
    """Measures the residuals of the training data, for each class of a column.

    Raises:
        RecipeError: There is no encoder, the samples have no numeric parts, or the column is not one of categories.
    """
    numeric = preprocessed.decoder.numeric
    if networks.encoder is None or not numeric.any():
        raise RecipeError("export observation_noise = true needs an encoder and numeric columns")
    means, _ = networks.encoder(preprocessed.samples, training=False)
    residuals = preprocessed.samples - np.asarray(networks.generator(means, training=False))
    residuals = residuals[:, numeric].astype(np.float64)
    codes = class_codes(preprocessed, column)
    size, classes = residuals.shape[1], int(codes.max()) + 1
    offsets = np.zeros((classes, numeric.size), np.float32)
    factors = np.zeros((classes, numeric.size, size), np.float32)
    for code in np.unique(codes):
        offsets[code, numeric] = residuals[codes == code].mean(axis=0)
    shared = _covariance(residuals - offsets[codes][:, numeric])
    for code in np.unique(codes):
        members = residuals[codes == code]
        weight = len(members) / (len(members) + _SHARED_ROWS)
        covariance = weight * _covariance(members) + (1 - weight) * shared
        factors[code, numeric] = np.linalg.cholesky(covariance + 1e-9 * np.eye(size))
    return ObservationNoise(offsets, factors, column)


def _covariance(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.atleast_2d(np.cov(residuals, rowvar=False, ddof=0))
