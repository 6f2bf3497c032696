"""How similar two tables are, column by column and pair by pair: scores from 0 (nothing in common) to 1 (equal).

The definitions are those of SDMetrics 0.32 (KSComplement, TVComplement, CorrelationSimilarity, ContingencySimilarity,
MissingValueSimilarity). SDMetrics itself is not a dependency: it requires a package under a licence that is not open,
and restricts the version of pandas.

A column is compared where it has values. In a pair of numbers, rows that lack one of them are left out; in other pairs
a missing value is a category of its own. Where SDMetrics gives no score, because a column is constant or empty, this
module does: a model that collapses must not be rated by its other columns alone.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns

_BINS = 10
_MOST_CELLS = 1 << 22
"""Of a joint table that is counted as a whole; larger ones are sorted."""
_MOST_PAIRS = 20_000

Pair = tuple[str, str]


def ks_complement(real: pd.Series, other: pd.Series) -> float:
    """1 minus the largest difference between the two cumulative distributions (Kolmogorov-Smirnov statistic).

    Missing values are ignored. Where all values of one column are missing, the score is 1 if all of the other are,
    else 0.
    """
    first, second = (np.sort(values.dropna().to_numpy(np.float64)) for values in (real, other))
    if not len(first) or not len(second):
        return float(len(first) == len(second))
    steps = np.concatenate([first, second])
    shares = (np.searchsorted(values, steps, side="right") / len(values) for values in (first, second))
    return 1.0 - float(np.abs(np.subtract(*shares)).max())


def tv_complement(real: pd.Series, other: pd.Series) -> float:
    """1 minus the total variation distance: half the sum of the differences between the categories' shares.

    Missing values are treated as by `ks_complement`.
    """
    first, second = real.dropna(), other.dropna()
    if first.empty or second.empty:
        return float(first.empty and second.empty)
    codes = pd.factorize(pd.concat([first, second], ignore_index=True))[0]
    return 1.0 - total_variation(codes[: len(first)], codes[len(first) :])


def missing_value_similarity(real: pd.Series, other: pd.Series) -> float:
    """1 minus the difference between the shares of missing values."""
    return 1.0 - abs(float(real.isna().mean()) - float(other.isna().mean()))


def shapes(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The similarity of each column: `ks_complement` of numbers, `tv_complement` of categories."""
    numbers = {name: ks_complement(real[name], other[name]) for name in columns.numbers if name in real}
    return numbers | {name: tv_complement(real[name], other[name]) for name in columns.categories if name in real}


def trends(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[Pair, float]:
    """The similarity of each pair of columns.

    For two columns of numbers it is 1 minus half the difference of their Pearson correlations; a constant has the
    correlation 0. For other pairs it is 1 minus the total variation distance of their joint distribution, after numbers
    are put into ten bins of equal width over the range of the real ones, the outer two of which are open.

    Of a table with more than 20,000 pairs as many are chosen at random, always the same.
    """
    numbers = columns.numbers
    first, second = (dict_of(correlations(frame, numbers), numbers) for frame in (real, other))
    codes = {name: _codes(real[name], other[name], numeric=name in numbers) for name in columns.measured}
    scores = {}
    for pair in _pairs(columns.measured):
        if pair in first:
            scores[pair] = 1.0 - abs(first[pair] - second[pair]) / 2.0
        else:
            scores[pair] = 1.0 - _joint(codes[pair[0]], codes[pair[1]])
    return scores


def correlations(frame: pd.DataFrame, numbers: list[str]) -> NDArray[np.float64]:
    """Pearson's correlations of columns of numbers, [numbers, numbers], each of the rows in which both have a value.

    That of a constant is 0.
    """
    table: NDArray[np.float64] = frame[numbers].corr(min_periods=2).fillna(0.0).to_numpy(np.float64)
    return table


def dict_of(table: NDArray[np.float64], names: list[str]) -> dict[Pair, float]:
    """A symmetric table as numbers by pair."""
    return {
        (one, two): float(table[row, row + 1 + beyond])
        for row, one in enumerate(names)
        for beyond, two in enumerate(names[row + 1 :])
    }


def correlation_difference(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> float:
    """The mean absolute difference between the Pearson correlations of all pairs of numbers; 0 without such a pair."""
    differences = np.abs(correlations(real, columns.numbers) - correlations(other, columns.numbers))
    upper = differences[np.triu_indices(len(columns.numbers), 1)]
    return float(upper.mean()) if upper.size else 0.0


def error(scores: Mapping[str, float] | Mapping[Pair, float]) -> float:
    """The mean of 1 minus the scores, in per cent, as papers give it; 0 without a score."""
    return 100.0 * (1.0 - float(np.mean(list(scores.values())))) if scores else 0.0


def missing_patterns(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> float:
    """The total variation distance between the joint distributions of which cells of a row are missing; 0 to 1."""
    nullable = columns.nullable
    if not nullable:
        return 0.0
    cells = np.concatenate([frame[nullable].isna().to_numpy() for frame in (real, other)])
    packed = np.ascontiguousarray(np.packbits(cells, axis=1))
    codes = np.unique(packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_inverse=True)[1]
    return total_variation(codes[: len(real)], codes[len(real) :])


def total_variation(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """Half the sum of the differences between the shares of codes, which count from 0."""
    size = int(max(first.max(), second.max())) + 1
    shares = [np.bincount(codes, minlength=size) / len(codes) for codes in (first, second)]
    return 0.5 * float(np.abs(shares[0] - shares[1]).sum())


@dataclass(frozen=True)
class _Codes:
    """The values of a column as numbers from 0: those of the real table, and of the other."""

    real: NDArray[np.int64]
    other: NDArray[np.int64]
    size: int


def _codes(real: pd.Series, other: pd.Series, *, numeric: bool) -> _Codes:
    if numeric:
        edges = np.histogram_bin_edges(real.dropna().to_numpy(np.float64), bins=_BINS)[1:-1]
        return _Codes(_binned(edges, real), _binned(edges, other), _BINS + 1)
    codes, values = pd.factorize(pd.concat([real, other], ignore_index=True), use_na_sentinel=False)
    return _Codes(codes[: len(real)], codes[len(real) :], len(values))


def _binned(edges: NDArray[np.float64], values: pd.Series) -> NDArray[np.int64]:
    """The number of each value's bin; that behind the last one where the value is missing."""
    bins: NDArray[np.int64] = np.digitize(values.to_numpy(np.float64), edges)
    return np.where(values.isna(), _BINS, bins)


def _joint(one: _Codes, two: _Codes) -> float:
    """The total variation distance of the joint distribution of two columns."""
    first, second = one.real * two.size + two.real, one.other * two.size + two.other
    if one.size * two.size > _MOST_CELLS:
        codes = np.unique(np.concatenate([first, second]), return_inverse=True)[1]
        first, second = codes[: len(first)], codes[len(first) :]
    return total_variation(first, second)


def _pairs(names: list[str]) -> list[Pair]:
    count = len(names) * (len(names) - 1) // 2
    if count <= _MOST_PAIRS:
        return list(combinations(names, 2))
    # Counted row by row of the upper triangle; `sample` does not need memory for all pairs.
    firsts = np.cumsum([0, *range(len(names) - 1, 0, -1)])
    found = []
    for index in sorted(random.Random(0).sample(range(count), _MOST_PAIRS)):  # noqa: S311 - no secret
        one = int(np.searchsorted(firsts, index, side="right")) - 1
        found.append((names[one], names[one + 1 + index - int(firsts[one])]))
    return found
