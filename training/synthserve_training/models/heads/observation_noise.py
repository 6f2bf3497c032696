"""The scatter of real samples around what a VAE reconstructs of them.

A VAE models p(x | z) as a Gaussian around the decoder's output. Decoding alone gives its mean, so that rows made of
means vary less than real ones. This adds the rest: a Gaussian with the mean and the covariance of the training data's
residuals, class by class where the sampler knows classes.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.components import OptionsBase
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.models import classwise
from synthserve_training.models.classes import class_codes, encoded_means
from synthserve_training.models.heads import Unfinished
from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor


class Options(OptionsBase):
    """The head has no options."""


# A few rows determine a covariance badly, so the covariance of all rows counts as this many rows of each class.
_SHARED_ROWS = 4


@dataclass(frozen=True)
class ObservationNoise:
    """Adds correlated noise to the numeric parts of encoded samples; one-hot parts stay as they are.

    Attributes:
        offsets: float32 [classes, width]: the residuals' means.
        factors: float32 [classes, width, noise_size]: standard normal noise to residuals.
    """

    offsets: NDArray[np.float32]
    factors: NDArray[np.float32]

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample needs."""
        return int(self.factors.shape[-1])

    def __call__(self, samples: Tensor, noise: Tensor, code: Tensor) -> Tensor:
        """Adds residuals made of the noise; see `Head`."""
        return samples + ops.take(self.offsets, code, axis=0) + classwise.product(self.factors, noise, code)


def check(_options: Options, networks: Networks, preprocessed: Preprocessed) -> None:
    """Checks that there is an encoder, and something to add noise to.

    Raises:
        RecipeError: There is no encoder, or the samples have no numeric parts.
    """
    if networks.encoder is None or not preprocessed.layout.numeric.any():
        raise RecipeError("the head observation_noise needs an encoder and numeric columns")


def fit(options: Options, unfinished: Unfinished) -> ObservationNoise:
    """Measures the residuals of the training data, for each class of the sampler's column.

    Raises:
        RecipeError: There is no encoder, the samples have no numeric parts, or the column is not one of categories.
    """
    networks, preprocessed = unfinished.networks, unfinished.preprocessed
    check(options, networks, preprocessed)
    numeric = preprocessed.layout.numeric
    means = encoded_means(networks, preprocessed)
    residuals = preprocessed.samples[:] - np.asarray(networks.generator(means, training=False))
    residuals = residuals[:, numeric].astype(np.float64)
    codes = class_codes(preprocessed, unfinished.column)
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
    return ObservationNoise(offsets, factors)


def _covariance(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.atleast_2d(np.cov(residuals, rowvar=False, ddof=0))
