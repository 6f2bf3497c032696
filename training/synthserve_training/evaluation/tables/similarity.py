"""How alike two tables are, column by column and pair by pair: scores from 0 (nothing in common) to 1 (equal).

The definitions are those of SDMetrics (KSComplement, TVComplement, CorrelationSimilarity, ContingencySimilarity),
which is not depended on: it requires a package under a licence that is not open, and holds pandas back.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from synthserve_training.evaluation.tables.columns import Columns

_BINS = 10


def ks_complement(real: pd.Series, other: pd.Series) -> float:
    """1 minus the largest difference between the two cumulative distributions (Kolmogorov-Smirnov statistic)."""
    first, second = (np.sort(values.to_numpy(np.float64)) for values in (real, other))
    steps = np.concatenate([first, second])
    shares = (np.searchsorted(values, steps, side="right") / len(values) for values in (first, second))
    return 1.0 - float(np.abs(np.subtract(*shares)).max())


def tv_complement(real: pd.Series, other: pd.Series) -> float:
    """1 minus the total variation distance: half the sum of the differences between the categories' shares."""
    shares = real.value_counts(normalize=True).sub(other.value_counts(normalize=True), fill_value=0.0)
    return 1.0 - 0.5 * float(shares.abs().sum())


def correlation_similarity(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """1 minus half the difference between the Pearson correlations of two columns; a constant correlates with none."""
    first, second = (_correlation(frame) for frame in (real, other))
    return 1.0 - abs(first - second) / 2.0


def contingency_similarity(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """1 minus the total variation distance of the joint distribution of two columns of categories."""
    first, second = (frame.astype(str).agg("\0".join, axis=1) for frame in (real, other))
    return tv_complement(first, second)


def shapes(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The similarity of each column: of numbers `ks_complement`, of categories `tv_complement`."""
    numbers = {name: ks_complement(real[name], other[name]) for name in columns.numbers}
    return numbers | {name: tv_complement(real[name], other[name]) for name in columns.categories}


def trends(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[tuple[str, str], float]:
    """The similarity of each pair of columns.

    Of two columns of numbers `correlation_similarity`; else `contingency_similarity`, after numbers are put into ten
    bins of equal width over the range of the real ones.
    """
    numbers = set(columns.numbers)
    binned = pd.DataFrame({n: _binned(real[n], real[n]) for n in numbers}, index=real.index)
    other_binned = pd.DataFrame({n: _binned(real[n], other[n]) for n in numbers}, index=other.index)
    real_codes, other_codes = real.assign(**binned), other.assign(**other_binned)
    scores = {}
    for pair in combinations([column.name for column in columns.schema.columns], 2):
        names = list(pair)
        if numbers.issuperset(names):
            scores[pair] = correlation_similarity(real[names], other[names])
        else:
            scores[pair] = contingency_similarity(real_codes[names], other_codes[names])
    return scores


def correlation_difference(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> float:
    """The mean absolute difference between the Pearson correlations of all pairs of numbers; 0 where there is none."""
    pairs = [list(pair) for pair in combinations(columns.numbers, 2)]
    differences = [abs(_correlation(real[names]) - _correlation(other[names])) for names in pairs]
    return float(np.mean(differences)) if differences else 0.0


def _correlation(frame: pd.DataFrame) -> float:
    if (frame.nunique() < 2).any():
        return 0.0
    return float(np.corrcoef(frame.to_numpy(np.float64), rowvar=False)[0, 1])


def _binned(real: pd.Series, values: pd.Series) -> np.ndarray:
    edges = np.histogram_bin_edges(real.astype(float), bins=_BINS)
    return np.digitize(values.astype(float), edges[1:-1])
