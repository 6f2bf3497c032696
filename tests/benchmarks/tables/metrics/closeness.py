"""Closeness: is a synthetic row nearer to a training row than to a held-out one? 0.5: as often as not.

The distance is that of TabSyn: the sum over the columns of the difference of numbers in ranges of the training rows,
and of 2 where a category differs. As many training rows as held-out ones are looked at. A tie counts one half.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from tests.benchmarks.tables.roles import Roles

MOST_ROWS = 10_000
"""So many rows of each table at most are compared, chosen at random."""
BLOCK_ROWS = 500


def share(train: pd.DataFrame, held_out: pd.DataFrame, other: pd.DataFrame, roles: Roles, seed: int) -> float:
    """The share of rows of `other` that are nearer to `train` than to `held_out`."""
    random = np.random.default_rng(seed)
    same = min(len(train), len(held_out), MOST_ROWS)
    tables = [
        table.iloc[random.permutation(len(table))[:count]]
        for table, count in ((train, same), (held_out, same), (other, MOST_ROWS))
    ]
    numbers, codes = _vectors(tables, train, roles)
    to_train = _nearest(numbers[2], codes[2], numbers[0], codes[0])
    to_held_out = _nearest(numbers[2], codes[2], numbers[1], codes[1])
    return float(np.mean(np.where(to_train < to_held_out, 1.0, np.where(to_train > to_held_out, 0.0, 0.5))))


def _vectors(
    tables: list[pd.DataFrame], train: pd.DataFrame, roles: Roles
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Numbers in ranges of the training rows, and codes of categories, of each table; float64 [rows, columns]."""
    numbers: list[list[NDArray[np.float64]]] = [[np.zeros(len(table))] for table in tables]
    codes: list[list[NDArray[np.float64]]] = [[np.zeros(len(table))] for table in tables]
    for name in (*roles.numbers, *roles.dates):
        low, high = train[name].min(), train[name].max()
        spread = (high - low) if high != low else 1
        for part, table in zip(numbers, tables, strict=True):
            # A missing number is one range below the others.
            part.append(((table[name] - low) / spread).fillna(-1.0).to_numpy(np.float64))
    for name in roles.categories:
        known = pd.Index(pd.concat([table[name].astype(str) for table in tables]).unique())
        for part, table in zip(codes, tables, strict=True):
            part.append(known.get_indexer(table[name].astype(str)).astype(np.float64))
    return [np.column_stack(part) for part in numbers], [np.column_stack(part) for part in codes]


def _nearest(
    numbers: NDArray[np.float64],
    codes: NDArray[np.float64],
    to_numbers: NDArray[np.float64],
    to_codes: NDArray[np.float64],
) -> NDArray[np.float64]:
    found = []
    for start in range(0, len(numbers), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        differing = cdist(codes[part], to_codes, "hamming") * codes.shape[1]
        # Rounded, so that equal distances are equal.
        distances = np.round(cdist(numbers[part], to_numbers, "cityblock") + 2 * differing, 9)
        found.append(distances.min(axis=1))
    return np.concatenate(found)
