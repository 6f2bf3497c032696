"""Numbers beyond the outermost rows that may be published, extrapolated from those within.

The outermost rows of a column are known by their number alone. What is drawn there follows a generalised Pareto
distribution (Pickands 1975), whose scale and shape come from three quantiles that as many rows lie beyond: so no value
of an outermost row has any influence, and sums and means of drawn numbers are not cut off.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens.lattice import Lattice

_RATIO, _LEAST_RATIO = 4.0, 1.5
"""How many times as many rows lie beyond each quantile as beyond the next one."""

_SHAPES = (-1.0, 0.4)
"""The lowest and the highest shape: from a density that ends abruptly to a variance that still exists."""

_SHRINKAGE = 0.7
"""What estimates of heavy tails are multiplied with: few rows make them uncertain, and too large is worse."""

_MOST_TIED = 4
"""Tails have at most so many times `min_rows` rows: more have equal values at their inner end."""

_FARTHEST = 0.5
"""The end of a tail is the quantile of so many of the rows of its outermost part."""

_LARGEST = 2**52


@dataclass(frozen=True)
class Tail:
    """The end of a column.

    Attributes:
        rows: How many rows lie in it.
        edges: int64 [1 to parts + 1], ranks, rising: of its parts, which are about equally likely.
    """

    rows: int
    edges: NDArray[np.int64]


def lower(
    ranks: NDArray[np.int64], atoms: NDArray[np.int64], lattice: Lattice, min_rows: int, parts: int
) -> Tail | None:
    """The tail below the bins; None: the values end there, or there are too few rows to tell.

    Args:
        ranks: [n], rising, those of atoms left out.
        atoms: Rising. Nothing is drawn beyond the outermost one if it is farther out than the tail begins.
        lattice: Of the ranks.
        min_rows: So many rows at least are in the tail, and beyond each quantile that is used.
        parts: At least 1.
    """
    count = len(ranks)
    changes = np.flatnonzero(np.diff(ranks[: _MOST_TIED * min_rows + 1])) + 1
    inner = changes[changes >= min_rows]
    if not len(inner) or min_rows == 1:
        return None
    rows = int(inner[0])
    ratio = min(_RATIO, (count / (2 * rows)) ** 0.5)
    if ratio < _LEAST_RATIO or rows == changes[0]:
        return None
    edge = (int(ranks[rows - 1]) + int(ranks[rows]) + 1) // 2
    second, third = (int(ranks[int(rows * ratio**power)]) for power in (1, 2))
    near, far = second - edge, third - second
    if near <= 0:
        return None
    shares = np.r_[_FARTHEST, np.arange(1, parts + 1)] / parts
    distances = near * _distances(shares, _shape(near, far, ratio), ratio)
    bounds = [_bound(edge, second, lattice), -_LARGEST, *atoms[atoms < edge][:1]]
    edges = np.rint(np.maximum(edge - distances, max(bounds))).astype(np.int64)
    edges = np.unique(np.minimum(edges, edge))
    return Tail(rows, edges) if len(edges) > 1 else None


def upper(
    ranks: NDArray[np.int64], atoms: NDArray[np.int64], lattice: Lattice, min_rows: int, parts: int
) -> Tail | None:
    """The tail above the bins; see `lower`."""
    mirrored = Lattice(-lattice.offset, lattice.step, lattice.scale)
    tail = lower(-ranks[::-1], -atoms[::-1], mirrored, min_rows, parts)
    return None if tail is None else Tail(tail.rows, 1 - tail.edges[::-1])


def _shape(near: int, far: int, ratio: float) -> float:
    """The shape parameter of a distribution with these distances between its quantiles."""
    if far <= 0:
        return _SHAPES[1]
    shape = float(np.log(near / far) / np.log(ratio))
    return float(np.clip(shape * _SHRINKAGE if shape > 0 else shape, *_SHAPES))


def _distances(shares: NDArray[np.float64], shape: float, ratio: float) -> NDArray[np.float64]:
    """How far the quantiles of a tail lie from its inner edge, where `near` is 1.

    Args:
        shares: Of the rows of the tail, those beyond each quantile.
        shape: Of the distribution.
        ratio: Of the rows beyond the second quantile and those of the tail.
    """
    if abs(shape) < 1e-3:  # the limit: an exponential distribution
        limit: NDArray[np.float64] = -np.log(shares) / np.log(ratio)
        return limit
    found: NDArray[np.float64] = (shares**-shape - 1) / (1 - ratio**-shape)
    return found


def _bound(edge: int, second: int, lattice: Lattice) -> float:
    """The rank below which nothing is drawn: that of 0 above it, or of a round number close to which values crowd."""
    value, inner = (float(lattice.offset + rank * lattice.step) / lattice.scale for rank in (edge, second))
    bounds = [0.0] if value >= 0 else []
    unit = 10 ** (np.ceil(np.log10(inner - value)) + 1)
    below = np.floor(value / unit) * unit
    if value - below < inner - value:
        bounds.append(float(below))
    if not bounds:
        return -np.inf
    return float(np.ceil((max(bounds) * lattice.scale - lattice.offset) / lattice.step))
