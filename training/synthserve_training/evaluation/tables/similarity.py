"""How similar two tables are, column by column and pair by pair: scores from 0 (nothing in common) to 1 (equal).

The definitions are those of SDMetrics (KSComplement, TVComplement, CorrelationSimilarity, ContingencySimilarity,
MissingValueSimilarity). SDMetrics itself is not a dependency: it requires a package under a licence that is not open,
and restricts the version of pandas.

Numbers are compared where they are not missing. Among categories, a missing value is a category of its own.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns

_BINS = 10


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
    """1 minus the total variation distance: half the sum of the differences between the categories' shares."""
    return _overlap([real], [other])


def missing_value_similarity(real: pd.Series, other: pd.Series) -> float:
    """1 minus the difference between the shares of missing values."""
    return 1.0 - abs(float(real.isna().mean()) - float(other.isna().mean()))


def correlation_similarity(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """1 minus half the difference between the Pearson correlations of two columns; a constant has the correlation 0."""
    first, second = (_correlation(frame) for frame in (real, other))
    return 1.0 - abs(first - second) / 2.0


def contingency_similarity(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """1 minus the total variation distance of the joint distribution of columns of categories."""
    return _overlap([real[name] for name in real], [other[name] for name in real])


def shapes(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The similarity of each column: `ks_complement` of numbers, `tv_complement` of categories."""
    numbers = {name: ks_complement(real[name], other[name]) for name in columns.numbers}
    return numbers | {name: tv_complement(real[name], other[name]) for name in columns.categories}


def trends(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[tuple[str, str], float]:
    """The similarity of each pair of columns.

    For two columns of numbers it is `correlation_similarity`. For other pairs it is `contingency_similarity`, after
    numbers are put into ten bins of equal width over the range of the real ones.
    """
    numbers = set(columns.numbers)
    binned = pd.DataFrame({name: _binned(real[name], real[name]) for name in numbers}, index=real.index)
    other_binned = pd.DataFrame({name: _binned(real[name], other[name]) for name in numbers}, index=other.index)
    real_codes, other_codes = real.assign(**binned), other.assign(**other_binned)
    scores = {}
    for pair in combinations(columns.measured, 2):
        names = list(pair)
        if numbers.issuperset(names):
            scores[pair] = correlation_similarity(real[names], other[names])
        else:
            scores[pair] = contingency_similarity(real_codes[names], other_codes[names])
    return scores


def correlation_difference(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> float:
    """The mean absolute difference between the Pearson correlations of all pairs of numbers; 0 without such a pair."""
    pairs = [list(pair) for pair in combinations(columns.numbers, 2)]
    differences = [abs(_correlation(real[names]) - _correlation(other[names])) for names in pairs]
    return float(np.mean(differences)) if differences else 0.0


def _correlation(frame: pd.DataFrame) -> float:
    whole = frame.dropna()
    if (whole.nunique() < 2).any():
        return 0.0
    return float(np.corrcoef(whole.to_numpy(np.float64), rowvar=False)[0, 1])


def _binned(real: pd.Series, values: pd.Series) -> NDArray[np.int64]:
    """The number of each value's bin, from 0; -1 where the value is missing."""
    edges = np.histogram_bin_edges(real.dropna().to_numpy(np.float64), bins=_BINS)
    bins: NDArray[np.int64] = np.digitize(values.to_numpy(np.float64), edges[1:-1])
    return np.where(values.isna(), -1, bins)


def _overlap(real: Sequence[pd.Series], other: Sequence[pd.Series]) -> float:
    """1 minus the total variation distance of the joint distribution of some columns."""
    count = len(real[0])
    joint = np.zeros(count + len(other[0]), np.int64)
    for one, two in zip(real, other, strict=True):
        codes, values = pd.factorize(pd.concat([one, two], ignore_index=True), use_na_sentinel=False)
        # Counted anew for each column, so that the codes stay small.
        joint = np.unique(joint * len(values) + codes, return_inverse=True)[1]
    size = int(joint.max()) + 1
    first, second = (np.bincount(part, minlength=size) / len(part) for part in (joint[:count], joint[count:]))
    return 1.0 - 0.5 * float(np.abs(first - second).sum())
