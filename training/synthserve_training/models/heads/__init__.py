"""Heads: what changes encoded samples before they are decoded. They are fitted after the training, one after the other.

A module of this package is a `HeadKind`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor


class Head(Protocol):
    """Changes encoded samples. Written in `keras.ops`, without random numbers of its own."""

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample needs."""
        ...

    def __call__(self, samples: Tensor, noise: Tensor, code: Tensor, /) -> Tensor:
        """Changes samples.

        Args:
            samples: float32 [n, *shape].
            noise: float32 [n, noise_size], standard normal.
            code: Integers [n]: the class that each sample was drawn from; 0 where the sampler knows no classes.
        """
        ...


@dataclass(frozen=True)
class Unfinished:
    """What a head is fitted to: a trained model with a sampler and the heads before.

    Attributes:
        networks: The networks, computing in float32.
        preprocessed: The training data.
        column: The column whose classes the sampler knows; None: it knows none.
        encoded: Draws encoded samples [n, *shape] of a class, or of all classes where it is None.
    """

    networks: Networks
    preprocessed: Preprocessed
    column: str | None
    encoded: Callable[[int | None], NDArray[np.float32]]


class HeadKind(Protocol):
    """The functions of a head's module."""

    def check(self, options: Any, networks: Networks, preprocessed: Preprocessed, /) -> None:  # noqa: ANN401 - `Options`
        """Checks, before a training, what the head needs.

        Raises:
            RecipeError: The networks or the data lack it.
        """
        ...

    def fit(self, options: Any, unfinished: Unfinished, /) -> Head:  # noqa: ANN401 - the module's `Options`
        """Fits the head.

        Raises:
            RecipeError: The networks or the data lack what it needs.
        """
        ...
