"""The numbers that a column can have: whole multiples of a step, so that drawn numbers look like those in the data."""

from dataclasses import dataclass
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
        scale: A power of ten.
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
