"""Samplers: from standard normal noise to the latents that the generator decodes, inside the exported graph.

A module of this package has `Options`, `check(options, networks, preprocessed)`, which raises `RecipeError` before a
training whose networks or data the sampler does not fit, and `fit(options, networks, preprocessed, seed) -> Sampler`.
`fit` also takes parts of the data that `check` would refuse for a small class, as evaluation trains on such parts.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from synthserve_training.objectives import Tensor


class Draw(NamedTuple):
    """What a sampler draws.

    Attributes:
        latents: float32 [n, latent_size].
        classes: For each of the sampler's conditions int64 [n]: the class that each latent was drawn from.
    """

    latents: Tensor
    classes: Mapping[str, Tensor]


class Sampler(Protocol):
    """Maps noise to latents. Written in `keras.ops`, without random numbers of its own."""

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample takes."""
        ...

    @property
    def conditions(self) -> tuple[str, ...]:
        """The columns that the sampler can be given a value of."""
        ...

    @property
    def privacy(self) -> str:
        """For the model card: what the sampler carries of the training data, in one sentence; empty: nothing."""
        ...

    def __call__(self, noise: Tensor, conditions: Mapping[str, Tensor], /) -> Draw:
        """Maps noise [n, noise_size] to latents and their classes.

        Args:
            noise: float32, standard normal.
            conditions: For each of `conditions` int64 [n]: the class's code, or -1 where none is asked for.
        """
        ...
