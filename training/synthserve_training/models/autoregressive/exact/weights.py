"""The weights of a network of whole numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.weights import HeadWeights

LARGEST_STATE = 127
"""Heads see the running sum rounded down and cut off at this number, both ways."""

EMBEDDING_STEP = 1 / 32
"""Embeddings are whole multiples of it, in units of the running sum as heads see it."""

LARGEST_ACTIVATION = 255
"""Activations are rounded down and cut off at 0 and at this number."""

STEPS = 256
"""Units of the scores that make one natural logarithm."""


LARGEST_POWER = 2**20
"""The weight of the likeliest code."""

FARTHEST = 2**13
"""A code whose score lies so many units or more below the highest one is not allowed: it has the weight 0."""

MOST_CODES = 2**31 // LARGEST_POWER - 1
"""The most codes of a token: the sum of their weights is an int32."""


def powers() -> NDArray[np.int32]:
    """The weights of codes by the distance of their scores from the highest: [FARTHEST + 1], at least 1, and 0 last.

    The weight of an allowed code is at least 1, so that each can be drawn.
    """
    table = np.rint(LARGEST_POWER * np.exp(-np.arange(FARTHEST + 1) / STEPS))
    return np.append(np.maximum(table[:-1], 1), 0).astype(np.int32)


@dataclass(frozen=True)
class ExactHead(HeadWeights):
    """The weights of one token, in whole numbers.

    All are whole multiples of powers of two, such that what is rounded down is in units of 1: the running sum as heads
    see it, activations, and scores, of which `STEPS` make a natural logarithm.
    """

    @property
    def units(self) -> float:
        """See `HeadWeights`."""
        return float(STEPS)

    @property
    def embedding_step(self) -> float:
        """See `HeadWeights`."""
        return EMBEDDING_STEP

    def seen(self, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `HeadWeights`."""
        return np.clip(np.floor(state), -LARGEST_STATE, LARGEST_STATE)

    def activated(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `HeadWeights`."""
        return np.clip(np.floor(values), 0, LARGEST_ACTIVATION)

    def _units(self, logarithms: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.rint(logarithms * STEPS).astype(np.float32)
