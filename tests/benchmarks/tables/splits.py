"""Which rows the papers train on and which they hold out (`process_dataset.py` of TabSyn, TabDiff and TabPC)."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SEED = 1234
TRAIN_SHARE = 0.9


def split(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of both parts, in the order of the papers.

    The papers shuffle with another seed where a category of a table is not in the training part. That was not
    necessary for any of the tables here.

    Args:
        count: Rows of the table.

    Returns:
        Row numbers from 0: int64 [int(0.9 count)] of the training part, int64 [rest] of the held-out part.
    """
    rows = np.arange(count, dtype=np.int64)
    np.random.RandomState(SEED).shuffle(rows)
    end = int(count * TRAIN_SHARE)
    return rows[:end], rows[end:]


def digest(rows: Iterable[int]) -> str:
    """The SHA-256 of row numbers, one a line."""
    return hashlib.sha256("".join(f"{row}\n" for row in rows).encode()).hexdigest()
