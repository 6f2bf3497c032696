"""The weights of a network of whole numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.weights import HeadWeights

LARGEST_STATE = 128
"""Heads see the running sum rounded, from minus this number to one below it: as an unsigned byte less this number."""

EMBEDDING_STEP = 1 / 32
"""Embeddings are whole multiples of it, in units of the running sum as heads see it."""

LARGEST_ACTIVATION = 255
"""Activations are rounded, and cut off at 0 and at this number: they are unsigned bytes."""

LARGEST_WEIGHT = 64
"""Weights of hidden layers are at most so many of their layer's units, so that the sum of two products of a
weight and an activation is a signed number of 16 bits: processors with AVX2 add them in such numbers."""

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

    All are whole multiples of powers of two, such that what is rounded is in units of 1: the running sum as heads see
    it, activations, and scores, of which `STEPS` make a natural logarithm. Numbers halfway between two are rounded to
    the even one, as QuantizeLinear rounds.
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
        return np.clip(np.rint(state), -LARGEST_STATE, LARGEST_STATE - 1)

    def activated(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `HeadWeights`."""
        return np.clip(np.rint(values), 0, LARGEST_ACTIVATION)

    def _units(self, logarithms: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.rint(logarithms * STEPS).astype(np.float32)


def unit(*arrays: NDArray[np.float32]) -> float:
    """The largest power of two of which all numbers are multiples; 1 where all are 0."""
    numbers = np.concatenate([np.reshape(array, -1) for array in arrays]).astype(np.float64)
    numbers = numbers[numbers != 0]
    if not len(numbers):
        return 1.0
    found = 2.0 ** np.floor(np.log2(np.abs(numbers).min()))
    while (np.mod(numbers, found) != 0).any():
        found /= 2
    return float(found)
