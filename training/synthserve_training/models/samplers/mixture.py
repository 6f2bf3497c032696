"""A Gaussian mixture fitted, class by class, to the encoded means of the training data.

This is ex-post density estimation (Ghosh et al. 2020, arXiv:1903.12436). With a small weight on the divergence the
encoded data do not fill N(0, I); the mixture is where they really lie. It carries means and
covariances of groups of training samples, never one sample: no sample makes up more than a fifth of a mean.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray
from pydantic import Field
from sklearn.mixture import GaussianMixture

from synthserve_training.components import Count, Number, OptionsBase
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.models import classwise
from synthserve_training.models.classes import check_classes, class_codes, class_count, encoded_means
from synthserve_training.models.networks import Networks
from synthserve_training.models.noise import uniform
from synthserve_training.models.samplers import Latents
from synthserve_training.types import Tensor

# Of each component: the mean and the covariance of two samples would give both away.
_LEAST_ROWS = 5


class Options(OptionsBase):
    """The mixture."""

    components: Count = Field(
        default=1, description="Components of each class; fewer where one would be of fewer than five samples"
    )
    condition: str | None = Field(default=None, description="The column whose classes get mixtures of their own")
    regularisation: Number = Field(default=1e-4, gt=0, description="Added to the covariances' diagonal")


@dataclass(frozen=True)
class Mixture:
    """Draws a component, then a latent from it.

    Attributes:
        shares: float32 [1 + classes, components]: tables of all components and of those of each class, to pick from.
        classes: int64 [components]: the class that each component belongs to.
        means: float32 [components, latent_size].
        factors: float32 [components, latent_size, latent_size]: Cholesky factors of the covariances.
        condition: The column whose classes can be asked for.
    """

    shares: NDArray[np.float32]
    classes: NDArray[np.int64]
    means: NDArray[np.float32]
    factors: NDArray[np.float32]
    condition: str | None

    @property
    def noise_size(self) -> int:
        """One value picks the component, the others make the latent."""
        return 1 + int(self.means.shape[1])

    @property
    def privacy(self) -> str:
        """What the mixture carries of the training data."""
        return "The graph carries means and covariances of groups of encoded training samples, no single sample."

    def __call__(self, noise: Tensor, wanted: Tensor) -> Latents:
        """Maps noise to latents, and the class of each one's component; see `Sampler`."""
        component = classwise.pick(self.shares, wanted + 1, uniform(noise[:, 0]))
        scatter = classwise.product(self.factors, noise[:, 1:], component)
        latents = ops.take(self.means, component, axis=0) + scatter
        return Latents(latents, ops.take(self.classes, component))


def check(options: Options, networks: Networks, preprocessed: Preprocessed) -> None:
    """Checks what the mixture needs.

    Raises:
        RecipeError: There is no encoder, the condition is not a column of categories, or a class has fewer than five
            samples.
    """
    check_classes(networks, preprocessed, options.condition, _LEAST_ROWS)


def fit(options: Options, networks: Networks, preprocessed: Preprocessed, seed: int) -> Mixture:
    """Fits the mixtures. A class of fewer than five samples gets none, and is never drawn.

    Raises:
        RecipeError: There is no encoder, the condition is not a column of categories, or each class is so small.
    """
    means, codes = encoded_means(networks, preprocessed), class_codes(preprocessed, options.condition)
    parts = []
    for code in np.unique(codes):
        members = means[codes == code].astype(np.float64)
        if len(members) >= _LEAST_ROWS:
            mixture = _of_groups(options, members, seed)
            parts.append((code, mixture.weights_ * len(members) / len(means), mixture.means_, mixture.covariances_))
    if not parts:
        raise RecipeError(f"the sampler needs {_LEAST_ROWS} rows of a {options.condition}, and all have fewer")
    weights = np.concatenate([weights for _, weights, _, _ in parts]).astype(np.float32)
    classes = np.concatenate([np.full(len(weights), code) for code, weights, _, _ in parts]).astype(np.int64)
    return Mixture(
        shares=classwise.cumulative_shares(weights, classes, class_count(preprocessed, options.condition)),
        classes=classes,
        means=np.concatenate([centres for _, _, centres, _ in parts]).astype(np.float32),
        factors=np.linalg.cholesky(np.concatenate([covariances for *_, covariances in parts])).astype(np.float32),
        condition=options.condition,
    )


def _of_groups(options: Options, members: NDArray[np.float64], seed: int) -> GaussianMixture:
    """Fits as many components as are asked for, or so many fewer that none is of fewer than five samples."""
    count = min(options.components, len(members) // _LEAST_ROWS)
    while True:
        mixture = GaussianMixture(count, reg_covar=options.regularisation, random_state=seed, n_init=5).fit(members)
        # A component's weight adds up its shares in the samples, each at most one.
        large = int((mixture.weights_ * len(members) >= _LEAST_ROWS).sum())
        if large == count:
            return mixture
        count = max(1, large)
