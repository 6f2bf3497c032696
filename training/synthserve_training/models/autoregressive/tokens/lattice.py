"""The numbers that a column can have: whole multiples of a step, so that drawn numbers look like those in the data."""

from dataclasses import dataclass
from itertools import count
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 2**53
"""Lattice numbers are computed in double precision."""


@dataclass(frozen=True)
class Lattice:
    """The numbers `(offset + k * step) / scale` for integers `k`, which are called ranks here.

    Attributes:
        offset: The number of rank 0, times `scale`.
        step: The distance between neighbours, times `scale`; at least 1.
        scale: A divisor of a power of ten.
    """

    offset: int
    step: int
    scale: int

    @classmethod
    def of_integers(cls, values: NDArray[Any]) -> "Lattice":
        """The coarsest lattice that has all of some integers.

        Args:
            values: int64 [n], n at least 1.
        """
        distinct = np.unique(values)
        step = int(np.gcd.reduce(np.diff(distinct))) if len(distinct) > 1 else 1
        return cls(int(distinct[0]) % step, step, 1)

    @classmethod
    def of_decimals(cls, values: NDArray[np.float64], decimals: int) -> "Lattice":
        """The coarsest lattice that has all of some numbers, rounded.

        Args:
            values: [n], finite, n at least 1.
            decimals: Decimals to round to. Fewer are used where the numbers would be too large for double precision.
        """
        largest = float(np.abs(values).max())
        while decimals > 0 and largest * 10.0**decimals >= _MOST:
            decimals -= 1
        scale = 10**decimals
        integers = np.rint(values * scale).astype(np.int64)
        whole = cls.of_integers(integers)
        common = gcd(whole.offset, whole.step, scale)
        return (
            cls(whole.offset // common, whole.step // common, scale // common)
            if common > 1
            else cls(whole.offset, whole.step, scale)
        )

    def ranks(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """The ranks of numbers, rounded to the nearest.

        Args:
            values: [n], integers or finite float64.
        """
        if self.scale == 1 and np.issubdtype(values.dtype, np.integer):
            return (values.astype(np.int64) - self.offset) // self.step
        return np.rint((values * float(self.scale) - self.offset) / self.step).astype(np.int64)

    def values(self, ranks: NDArray[np.int64]) -> NDArray[Any]:
        """The numbers of ranks: int64 where the scale is 1, else float64."""
        whole = self.offset + ranks * self.step
        return whole if self.scale == 1 else whole / float(self.scale)

    def multiples(self, power: int) -> tuple[int, int] | None:
        """The numbers that are multiples of a power of ten: the first rank from 0 on, and the distance in ranks.

        Args:
            power: How many decimals fewer the numbers have than the finest ones, at least 0.

        Returns:
            None where the lattice has no such number.
        """
        finest = next(10**decimals for decimals in count() if 10**decimals % self.scale == 0)
        offset, step = (number * (finest // self.scale) for number in (self.offset, self.step))
        common = gcd(step, 10**power)
        if offset % common:
            return None
        every = 10**power // common
        return -(offset // common) * pow(step // common, -1, every) % every, every


@dataclass(frozen=True)
class Level:
    """Lattice points that are multiples of a power of ten: those of ranks `first + k * every`, for integers `k`.

    Attributes:
        first: The first rank from 0 on.
        every: The distance between neighbours, in ranks; 1: all lattice points.
        weight: The share of the numbers that are drawn from this level, a multiple of 2^-10.
    """

    first: int
    every: int
    weight: float

    def of(self, lattice: Lattice) -> Lattice:
        """The lattice of the points alone: its ranks are the integers `k`."""
        return Lattice(lattice.offset + self.first * lattice.step, lattice.step * self.every, lattice.scale)

    def up(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first `k` at or after each rank."""
        return -((self.first - ranks) // self.every)

    def holds(self, ranks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each rank is on the level."""
        found: NDArray[np.bool_] = (ranks - self.first) % self.every == 0
        return found
