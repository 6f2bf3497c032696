"""Samplers: from standard normal noise to the latents that the generator decodes, inside the exported graph.

A module of this package is a `SamplerKind`.
"""

from typing import Any, NamedTuple, Protocol

from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor


class Latents(NamedTuple):
    """What a sampler makes of noise.

    Attributes:
        latents: float32 [n, latent_size].
        code: Integers [n]: the class that each latent was drawn from; 0 where the sampler knows no classes.
    """

    latents: Tensor
    code: Tensor


class Sampler(Protocol):
    """Maps noise to latents. Written in `keras.ops`, without random numbers of its own."""

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample needs."""
        ...

    @property
    def condition(self) -> str | None:
        """The column whose classes can be asked for; None: the sampler knows no classes."""
        ...

    @property
    def privacy(self) -> str:
        """For the model card: what the sampler carries of the training data, in one sentence; empty: nothing."""
        ...

    def __call__(self, noise: Tensor, wanted: Tensor, /) -> Latents:
        """Maps noise to latents and their classes.

        Args:
            noise: float32 [n, noise_size], standard normal.
            wanted: Integers [n]: the class that is asked for, or -1 where none is.
        """
        ...


class SamplerKind(Protocol):
    """The functions of a sampler's module."""

    def check(self, options: Any, networks: Networks, preprocessed: Preprocessed, /) -> None:  # noqa: ANN401 - `Options`
        """Checks, before a training, what the sampler needs.

        Raises:
            RecipeError: The networks or the data lack it, or a class is too small.
        """
        ...

    def fit(self, options: Any, networks: Networks, preprocessed: Preprocessed, seed: int, /) -> Sampler:  # noqa: ANN401 - `Options`
        """Fits the sampler to trained networks.

        It accepts classes that `check` would refuse for their size, as evaluation trains on parts of the data.

        Raises:
            RecipeError: The networks or the data lack what it needs.
        """
        ...
