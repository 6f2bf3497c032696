"""What a backend compiles: steps of training."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synthserve_training.types import Tensor

Turn: TypeAlias = tuple[NDArray[np.float32] | Mapping[str, NDArray[Any]], Mapping[str, NDArray[np.float32]]]
"""A batch [n, *sample_shape], or arrays by name, and noise [n, noise_size] by the name of each player that moves."""

Losses: TypeAlias = Mapping[str, Tensor]
"""The losses of the players that moved, scalars, as "{player}_{loss}"."""


class Steps(Protocol):
    """Steps of training."""

    def __call__(self, turns: Iterable[Turn], schedule: Mapping[str, np.float32]) -> Iterator[Losses]:
        """Lets the players for which there is noise make one gradient step each, turn by turn.

        Args:
            turns: One after the other; where the backend can, each is asked for while the one before is computed.
            schedule: The weights that the losses use.

        Yields:
            The losses of each turn. The variables have their new values once there are no more.
        """
        ...
