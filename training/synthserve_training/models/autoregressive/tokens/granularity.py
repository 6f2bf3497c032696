"""Numbers of mixed granularity: most values of a column have fewer digits than the finest ones.

People round, and so do programs, each in their own way. Such a column is a mixture of levels: the multiples of powers
of ten. The numbers of a part are drawn from one level each, and all points of the level that lie in the part and are no
atoms are equally likely. A level without such a point is replaced by the next finer one that has one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens.cells import Cells, LevelCells
from synthserve_training.models.autoregressive.tokens.lattice import Level
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode

_WHOLE = 2**10
"""Weights are multiples of one over this. The finest level has at least that weight: all its numbers can be drawn."""

_LEAST_WEIGHT = 0.02
"""Coarser levels with smaller weights are left out."""

_LEAST_GAIN = 10.0
"""Levels without which the logarithm of the likelihood is not smaller by this are left out."""

_ITERATIONS = 100

_LARGEST = 2**50
"""Columns with ranks beyond this have no levels: quotients of ranks in double precision are exact below."""


def levels(code: NumberCode, ranks: NDArray[np.int64], min_rows: int) -> tuple[Level, ...]:
    """Finds the levels of a column, the finest first; none where its values are not rounder than by chance.

    The weights maximise the likelihood of the values in bins (by expectation maximisation: Dempster, Laird and Rubin
    1977). At least `min_rows` rows belong to each level but the finest: if fewer belong to that, its weight says only
    that.

    Args:
        code: The tokens of the column.
        ranks: [n], of its values.
        min_rows: At least 1.
    """
    if not len(code.edges) or np.abs(code.point(code.edges)).max() >= _LARGEST:
        return ()
    cells, parts = code.places(ranks)
    bins = code.bin_of[cells]
    inside = (bins >= 0) & ~code.tails[bins] & code.drawable(ranks)
    ranks, places = ranks[inside], cells[inside] * code.parts + parts[inside]
    if not len(ranks):
        return ()
    least = max(min_rows, _LEAST_WEIGHT * len(ranks)) / len(ranks)
    found = _candidates(code, ranks, least)
    kinds = _kinds(code, found, ranks, places)
    kept = list(range(len(found)))
    while len(kept) > 1:
        weights, likelihood = _fit(kinds, kept)
        losses = [likelihood - _fit(kinds, [*kept[:each], *kept[each + 1 :]])[1] for each in range(1, len(kept))]
        weakest = int(np.argmin(weights[1:] if weights[1:].min() < least else losses)) + 1
        if weights[weakest] >= least and losses[weakest - 1] >= _LEAST_GAIN:
            return _published([found[each] for each in kept], weights, min_rows / len(ranks))
        kept.pop(weakest)
    return ()


def likelihoods(points: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of a number, given the level that is chosen: [n, depths, levels].

    The depth of a number is the index of the coarsest level that it is on.

    Args:
        points: [n, levels]: how many points each level has, the finest first. That has at least one.
    """
    index = np.arange(points.shape[1])
    used = np.maximum.accumulate(np.where(points > 0, index, 0), axis=1)
    one = 1.0 / np.maximum(np.take_along_axis(points, used, axis=1), 1)
    return np.where(used[:, None, :] <= index[:, None], one[:, None, :], 0.0)


def points_of(code: NumberCode, levels: tuple[Level, ...]) -> NDArray[np.int64]:
    """How many points of each level each part has, [cells, parts, levels]; an atom is one of the first level."""
    cells: list[Cells | LevelCells] = [Cells(code), *(LevelCells(code, level) for level in levels[1:])]
    return np.stack([each.high - each.low for each in cells], axis=2).astype(np.int64)


def _candidates(code: NumberCode, ranks: NDArray[np.int64], least: float) -> list[Level]:
    """The finest level, and all coarser ones that such a share of the rows is on; bins are wider than their steps."""
    found = [Level(0, 1, 1.0)]
    first, last = code.point(np.array([code.edges[0, 0], code.edges[-1, -1] - 1]))
    power = 1
    while (multiples := code.lattice.multiples(power)) and multiples[1] <= last - first:
        level = Level(*multiples, 0.0)
        if level.holds(ranks).mean() < least:
            break
        if level.every > found[-1].every:
            found.append(level)
        power += 1
    return found


@dataclass(frozen=True)
class _Kinds:
    """Rows of one kind lie in the same part, and have the same depth.

    Attributes:
        counts: float64 [kinds]: the rows.
        points: int64 [kinds, levels]: how many points of each level the part has.
        depths: int64 [kinds].
    """

    counts: NDArray[np.float64]
    points: NDArray[np.int64]
    depths: NDArray[np.int64]


def _kinds(code: NumberCode, found: list[Level], ranks: NDArray[np.int64], places: NDArray[np.int64]) -> _Kinds:
    depths = np.sum([level.holds(ranks) for level in found], axis=0) - 1
    used, counts = np.unique(places * len(found) + depths, return_counts=True)
    points = points_of(code, tuple(found)).reshape(-1, len(found))
    return _Kinds(counts.astype(np.float64), points[used // len(found)], used % len(found))


def _fit(kinds: _Kinds, kept: list[int]) -> tuple[NDArray[np.float64], float]:
    """The weights of the largest likelihood of some levels, [kept], and its logarithm."""
    depths = np.searchsorted(kept, kinds.depths, side="right") - 1
    chances = likelihoods(kinds.points[:, kept])[np.arange(len(depths)), depths]
    weights = np.full(len(kept), 1 / len(kept))
    for _ in range(_ITERATIONS):
        joint = chances * weights
        weights = kinds.counts @ (joint / joint.sum(axis=1, keepdims=True)) / kinds.counts.sum()
    return weights, float(kinds.counts @ np.log(chances @ weights))


def _published(found: list[Level], weights: NDArray[np.float64], least: float) -> tuple[Level, ...]:
    whole = np.rint(weights * _WHOLE).astype(np.int64)
    whole[0] = max(whole[0], 1) if weights[0] >= least else 1
    whole[np.argmax(whole)] += _WHOLE - whole.sum()
    return tuple(
        Level(level.first, level.every, float(weight) / _WHOLE) for level, weight in zip(found, whole, strict=True)
    )
