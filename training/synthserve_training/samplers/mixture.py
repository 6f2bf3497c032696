"""A Gaussian mixture fitted, class by class, to the encoded means of the training data.

This is ex-post density estimation (Ghosh et al. 2020, arXiv:1903.12436). With a small weight on the divergence the
encoded data do not fill N(0, I); the mixture is where they really lie. It carries means and
covariances of groups of training samples, never one sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray
from pydantic import Field
from sklearn.mixture import GaussianMixture

from synthserve_training import classwise
from synthserve_training.components import OptionsBase
from synthserve_training.networks import Networks
from synthserve_training.noise import uniform
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers import Draw
from synthserve_training.samplers._classes import asked_for, class_codes, class_count, encoded_means


class Options(OptionsBase):
    """The mixture."""

    components: int = Field(default=1, ge=1, description="Components of each class")
    condition: str | None = Field(default=None, description="The column whose classes get mixtures of their own")
    regularisation: float = Field(default=1e-4, gt=0, description="Added to the covariances' diagonal")


@dataclass(frozen=True)
class Mixture:
    """Draws a component, then a latent from it.

    Attributes:
        shares: float32 [1 + classes, components]: tables of all components and of those of each class, to pick from.
        classes: int64 [components]: the class that each component belongs to.
        means: float32 [components, latent_size].
        factors: float32 [components, latent_size, latent_size]: Cholesky factors of the covariances.
        conditions: The column that can be asked for.
    """

    shares: NDArray[np.float32]
    classes: NDArray[np.int64]
    means: NDArray[np.float32]
    factors: NDArray[np.float32]
    conditions: tuple[str, ...]

    @property
    def noise_size(self) -> int:
        """One value picks the component, the others make the latent."""
        return 1 + int(self.means.shape[1])

    @property
    def privacy(self) -> str:
        """What the mixture carries of the training data."""
        return "The graph carries means and covariances of groups of encoded training samples, no single sample."

    def __call__(self, noise: Tensor, conditions: Mapping[str, Tensor]) -> Draw:
        """Maps noise [n, noise_size] to latents, and the class of each one's component."""
        wanted = asked_for(conditions, noise)
        component = classwise.pick(self.shares, wanted + 1, uniform(noise[:, 0]))
        scatter = classwise.product(self.factors, noise[:, 1:], component)
        latents = ops.take(self.means, component, axis=0) + scatter
        return Draw(latents, dict.fromkeys(self.conditions, ops.take(self.classes, component)))


def fit(options: Options, networks: Networks, preprocessed: Preprocessed, seed: int) -> Mixture:
    """Fits the mixtures.

    Raises:
        RecipeError: There is no encoder, or the condition is not a column of categories.
    """
    means, codes = encoded_means(networks, preprocessed), class_codes(preprocessed, options.condition)
    parts = []
    for code in np.unique(codes):
        members = means[codes == code].astype(np.float64)
        mixture = GaussianMixture(
            min(options.components, len(members)), reg_covar=options.regularisation, random_state=seed, n_init=5
        ).fit(members)
        parts.append((code, mixture.weights_ * len(members) / len(means), mixture.means_, mixture.covariances_))
    weights = np.concatenate([weights for _, weights, _, _ in parts]).astype(np.float32)
    classes = np.concatenate([np.full(len(weights), code) for code, weights, _, _ in parts]).astype(np.int64)
    return Mixture(
        shares=classwise.cumulative_shares(weights, classes, class_count(preprocessed, options.condition)),
        classes=classes,
        means=np.concatenate([centres for _, _, centres, _ in parts]).astype(np.float32),
        factors=np.linalg.cholesky(np.concatenate([covariances for *_, covariances in parts])).astype(np.float32),
        conditions=(options.condition,) if options.condition else (),
    )
