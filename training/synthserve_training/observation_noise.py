"""The scatter of real samples that a VAE's decoder leaves out.

A VAE models p(x | z) as a Gaussian around the decoder's output. Decoding alone gives its mean, so that rows made of
means vary less than real ones. This adds the rest: a Gaussian that brings mean and covariance of what the model draws
to those of the training data, class by class where the sampler knows classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers import Sampler
from synthserve_training.samplers._classes import class_codes

# A few rows tell little of a covariance, so that of all rows counts for each class as much as this many of its own.
_SHARED_ROWS = 4
_DRAWS = 8192


@dataclass(frozen=True)
class ObservationNoise:
    """Adds correlated noise to the numeric parts of encoded samples; one-hot parts stay as they are.

    Attributes:
        offsets: float32 [classes, width]: what the means are off by.
        factors: float32 [classes, width, noise_size]: standard normal noise to scatter.
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
        if self.column is None:
            return samples + self.offsets[0] + ops.matmul(noise, self.factors[0].T)
        code = classes[self.column]
        factors = ops.take(self.factors, code, axis=0)
        # A sum of products, as onnxruntime is slow at multiplying many small matrices.
        return samples + ops.take(self.offsets, code, axis=0) + ops.sum(factors * noise[:, None, :], axis=-1)


def fit(networks: Networks, preprocessed: Preprocessed, sampler: Sampler, seed: int) -> ObservationNoise:
    """Measures what the decoded draws of a sampler lack, for each class that the sampler knows.

    Measured on draws and not on reconstructions: these differ from the data in a way that depends on themselves, so
    that the residuals' covariance is not what is missing.

    Raises:
        RecipeError: The samples have no numeric parts, or the sampler's condition is not a column of categories.
    """
    numeric = preprocessed.decoder.numeric
    if not numeric.any():
        raise RecipeError("export observation_noise = true needs numeric columns")
    column = next(iter(sampler.conditions), None)  # a sampler that knows classes has one column of them
    codes = class_codes(preprocessed, column)
    noise = np.random.default_rng(seed).standard_normal((_DRAWS, sampler.noise_size), np.float32)
    size, width, classes = int(numeric.sum()), numeric.size, int(codes.max()) + 1
    offsets, factors = np.zeros((classes, width), np.float32), np.zeros((classes, width, size), np.float32)
    lacking, rows = np.zeros((classes, size, size)), np.bincount(codes, minlength=classes)
    for code in np.flatnonzero(rows).tolist():
        wanted = {column: np.full(_DRAWS, code)} if column else {}
        drawn = np.asarray(networks.generator(sampler(noise, wanted).latents, training=False))[:, numeric]
        members = preprocessed.samples[codes == code][:, numeric].astype(np.float64)
        offsets[code, numeric] = members.mean(axis=0) - drawn.mean(axis=0)
        lacking[code] = _covariance(members) - _covariance(drawn)
    shared = np.average(lacking, axis=0, weights=rows)
    for code, own in enumerate(lacking):
        factors[code, numeric] = _factor((rows[code] * own + _SHARED_ROWS * shared) / (rows[code] + _SHARED_ROWS))
    return ObservationNoise(offsets, factors, column)


def _covariance(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.atleast_2d(np.cov(samples.astype(np.float64), rowvar=False, ddof=0))


def _factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """A factor F with F F' = covariance, where a direction in which the draws vary too much adds nothing."""
    values, vectors = np.linalg.eigh(covariance)
    factor: NDArray[np.float64] = vectors * np.sqrt(np.maximum(values, 0.0))
    return factor
