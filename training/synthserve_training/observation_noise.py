"""The scatter of real samples around what a VAE reconstructs of them.

A VAE models p(x | z) as a Gaussian around the decoder's output. Decoding alone gives its mean, so that rows made of
means vary less than real ones. This adds the rest: a Gaussian with the covariance of the training data's residuals.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed


@dataclass(frozen=True)
class ObservationNoise:
    """Adds correlated noise to the numeric parts of encoded samples; one-hot parts stay as they are.

    Attributes:
        factor: float32 [noise_size, width]: standard normal noise to residuals.
    """

    factor: NDArray[np.float32]

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample takes."""
        return int(self.factor.shape[0])

    def __call__(self, samples: Tensor, noise: Tensor) -> Tensor:
        """Adds to samples [n, width] what noise [n, noise_size] makes."""
        return samples + ops.matmul(noise, self.factor)


def fit(networks: Networks, preprocessed: Preprocessed) -> ObservationNoise:
    """Measures the residuals of the training data.

    Raises:
        RecipeError: There is no encoder, or the samples have no numeric parts.
    """
    numeric = preprocessed.decoder.numeric
    if networks.encoder is None or not numeric.any():
        raise RecipeError("export observation_noise = true needs an encoder and numeric columns")
    means, _ = networks.encoder(preprocessed.samples, training=False)
    residuals = (preprocessed.samples - np.asarray(networks.generator(means, training=False)))[:, numeric]
    covariance = np.atleast_2d(np.cov(residuals.astype(np.float64), rowvar=False))
    factor = np.zeros((numeric.sum(), numeric.size), np.float32)
    factor[:, numeric] = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(covariance))).T
    return ObservationNoise(factor)
