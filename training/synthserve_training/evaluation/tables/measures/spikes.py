"""Do values that repeat in the data repeat in generated rows? Numbers between them look plausible and are none."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns

_LEAST_ROWS = 10
_LEAST_SHARE = 0.002
"""Of the rows: so often a value must occur to be a spike."""
_FULL = 0.5
"""Of the values that are possible between the smallest and the largest: above, any value is likely to be a real one."""

_MOST_DECIMALS = 6
_LARGEST = 2.0**53
"""Up to which float64 holds every whole number."""


def spiky(train: pd.DataFrame, columns: Columns) -> list[str]:
    """The columns of numbers that have spikes: values that repeat, with gaps between them.

    Values are possible in steps of the largest number that divides all differences between real ones. The most
    frequent value is left out of account: it can hold nearly all rows, as a 0 that means "none" does.
    """
    return [name for name in columns.numbers if _has_spikes(train[name].dropna())]


def hit_rate(train: pd.Series, other: pd.Series) -> float | None:
    """The share of values that equal one of the training rows'; the most frequent value of these is left out.

    Returns:
        None: no other value occurs.
    """
    counts = train.value_counts()
    left = other.dropna()
    left = left[left != counts.index[0]]
    return float(left.isin(counts.index).mean()) if len(left) else None


def _has_spikes(values: pd.Series) -> bool:
    counts = values.value_counts()
    if len(counts) < 3 or counts.iloc[1] < max(_LEAST_ROWS, _LEAST_SHARE * len(values)):
        return False
    known = np.sort(counts.index.to_numpy(np.float64))
    return bool(len(known) < _FULL * ((known[-1] - known[0]) / _step(known) + 1))


def _step(known: NDArray[np.float64]) -> float:
    """The largest number that all differences are multiples of; of numbers of many decimals the smallest difference."""
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = known * 10.0**decimals
        if np.abs(scaled).max() < _LARGEST and np.allclose(scaled, scaled.round(), rtol=0.0, atol=1e-6):
            return float(np.gcd.reduce(np.diff(scaled.round().astype(np.int64)))) / 10.0**decimals
    return float(np.diff(known).min())
