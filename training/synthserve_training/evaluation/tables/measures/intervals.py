"""How sure a measurement is: 95 % intervals."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Interval = tuple[float, float]

_Z = 1.959963984540054


def of_mean(values: NDArray[np.float64]) -> Interval:
    """That of a mean of independent values, by the normal distribution.

    Args:
        values: float64 [n], at least one.
    """
    half = _Z * float(values.std(ddof=0)) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def of_splits(values: NDArray[np.float64], ratio: float) -> Interval | None:
    """That of a mean over random splits of the same rows (Nadeau and Bengio 2003).

    Splits of the same rows are more similar to each other than to new rows. So the variance of the mean does not
    vanish, however many splits there are.

    Args:
        values: float64 [splits].
        ratio: How many rows a split holds out for each training row.

    Returns:
        Both ends; None: there is one split only.
    """
    count = len(values)
    if count < 2:
        return None
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 / count + ratio)
    return float(values.mean() - half), float(values.mean() + half)


def auc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> tuple[float, Interval]:
    """An AUC and its interval (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        positive: The scores of what is to be found, [n].
        negative: The scores of the rest, [m].
    """
    n, m = len(positive), len(negative)
    ranks = stats.rankdata(np.concatenate([positive, negative]))
    # For each row the share of the other side that it is on the right side of; a tie counts half.
    above = (ranks[:n] - stats.rankdata(positive)) / m
    below = 1.0 - (ranks[n:] - stats.rankdata(negative)) / n
    area = float(above.mean())
    half = _Z * float(np.sqrt(above.var() / n + below.var() / m))
    return area, (area - half, area + half)


def of_share(successes: int, trials: int) -> Interval:
    """That of a share (Wilson 1927).

    Args:
        successes: From 0 to `trials`.
        trials: At least 1.
    """
    share, square = successes / trials, _Z**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = _Z / (1 + square / trials) * np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return float(middle - half), float(middle + half)


def deviation(interval: Interval) -> float:
    """The standard deviation of a measurement that is distributed normally and has this interval."""
    return (interval[1] - interval[0]) / (2 * _Z)


def text(interval: Interval | None) -> str:
    """An interval for a reader."""
    return "{:.3f} to {:.3f}".format(*interval) if interval else "unknown, as there is one split only"
