"""The lattice points of the tokens of a number: of each cell, and of each part of a bin."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens.lattice import Lattice, Level
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode


@dataclass(frozen=True)
class Cells:
    """The lattice points of cells and parts: ranks of atoms, free ranks of bins. An atom has one point and one part.

    Attributes:
        code: The tokens.
    """

    code: NumberCode

    @cached_property
    def low(self) -> NDArray[np.float64]:
        """The first point, [cells, parts]."""
        return self._points[0]

    @cached_property
    def high(self) -> NDArray[np.float64]:
        """The one after the last point, [cells, parts]."""
        return self._points[1]

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """The share of each part in the training rows of its cell, [cells, parts]."""
        count = len(self.code.order)
        shares = np.zeros((count, max(self.code.parts, 1)), np.float32)
        bins = self.code.bin_of[:count]
        shares[bins < 0, 0] = 1
        if len(self.code.edges):
            shares[bins >= 0] = self.code.part_shares[bins[bins >= 0]]
        return shares

    @cached_property
    def is_bin(self) -> NDArray[np.bool_]:
        """Whether the cell is a bin, [cells, parts]."""
        count = len(self.code.order)
        return np.broadcast_to((self.code.bin_of[:count] >= 0)[:, None], (count, max(self.code.parts, 1))).copy()

    @property
    def extents(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Of each code, [K, 1]: its first and last point, and whether it is a bin; the missing one has all points."""
        low, high = self.low[:, :1], self.high.max(axis=1, keepdims=True) - 1
        everything = np.full((int(self.code.missing), 1), np.inf)
        return np.r_[low, -everything], np.r_[high, everything], (self.code.bin_of >= 0)[:, None]

    @property
    def part_extents(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each code and part, [K, parts]: its first and last point; what has no parts has all points."""
        low, high = (np.full((len(self.code.bin_of), self.code.parts), end) for end in (-np.inf, np.inf))
        is_bin = self.code.bin_of >= 0
        inside = is_bin[: len(self.low)]
        low[is_bin], high[is_bin] = self.low[inside], self.high[inside] - 1
        return low, high

    @cached_property
    def _points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        code = self.code
        low, high = (np.zeros((len(code.order), max(code.parts, 1))) for _ in range(2))
        for place, (cell, one) in enumerate(zip(code.order, code.bin_of[: len(code.order)], strict=True)):
            if one < 0:
                low[place], high[place] = code.atoms[cell], code.atoms[cell] + 1
            else:
                low[place], high[place] = code.edges[one, :-1], code.edges[one, 1:]
        return low, high


@dataclass(frozen=True)
class LevelCells:
    """The points of a level in cells and parts. Its free ranks number the level's points that are no atoms.

    Attributes:
        code: The tokens.
        level: One of their levels.
    """

    code: NumberCode
    level: Level

    @property
    def lattice(self) -> Lattice:
        """The level's points."""
        return self.level.of(self.code.lattice)

    @cached_property
    def atoms(self) -> NDArray[np.int64]:
        """The atoms on the level, as ranks of its lattice, rising."""
        return self.level.up(self.code.atoms[self.level.holds(self.code.atoms)])

    @cached_property
    def low(self) -> NDArray[np.float64]:
        """The first free rank, [cells, parts]."""
        return self._by_cell(self._edges[:, :-1])

    @cached_property
    def high(self) -> NDArray[np.float64]:
        """The one after the last free rank, [cells, parts]; that of an atom is the first one."""
        return self._by_cell(self._edges[:, 1:])

    @cached_property
    def _edges(self) -> NDArray[np.int64]:
        """`NumberCode.edges` in free ranks of the level."""
        ranks = self.level.up(self.code.point(self.code.edges))
        return ranks - np.searchsorted(self.atoms, ranks)

    def _by_cell(self, ends: NDArray[np.int64]) -> NDArray[np.float64]:
        bins = self.code.bin_of[: len(self.code.order)]
        return np.where((bins >= 0)[:, None], ends[bins], 0).astype(np.float64)
