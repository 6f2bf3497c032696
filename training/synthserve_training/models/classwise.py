"""Linear maps and tables of which each class has its own.

Written as a few products of large matrices and lookups of whole rows: onnxruntime takes three to ten times as long to
multiply many small matrices, to broadcast over a short axis and to sum over one.
"""

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.types import Tensor


def product(matrices: NDArray[np.float32], vectors: Tensor, code: Tensor) -> Tensor:
    """Multiplies each row by the matrix of its class.

    Args:
        matrices: float32 [classes, outputs, inputs].
        vectors: float32 [n, inputs].
        code: Integers [n]: the class of each row.

    Returns:
        float32 [n, outputs].
    """
    classes, outputs, inputs = matrices.shape
    if classes == 1:
        return ops.matmul(vectors, matrices[0].T)
    # Each row is written into the place of its class, with zeros in those of the others; one matrix holds all maps.
    member = np.eye(classes, dtype=np.float32).repeat(inputs, axis=1)
    placed = ops.take(member, code, axis=0) * ops.matmul(vectors, np.tile(np.eye(inputs, dtype=np.float32), classes))
    return ops.matmul(placed, matrices.transpose(0, 2, 1).reshape(classes * inputs, outputs))


def cumulative_shares(weights: NDArray[np.float32], classes: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Tables to pick from, see `pick`: one of all items, then one of the items of each class.

    Args:
        weights: float32 [items], with a positive sum.
        classes: int64 [items]: the class of each.
        count: How many classes there are. One without weight gets the table of all items.

    Returns:
        float32 [1 + count, items]: in each row the share of the items up to here; the last one is 1.
    """
    members = np.concatenate([np.ones((1, len(classes)), bool), classes == np.arange(count)[:, np.newaxis]])
    sums = np.cumsum(np.where(members, weights.astype(np.float64), 0.0), axis=1)
    sums = np.where(sums[:, -1:] > 0, sums, sums[:1])
    shares: NDArray[np.float32] = (sums / sums[:, -1:]).astype(np.float32)
    return shares


def pick(tables: NDArray[np.float32], row: Tensor, at: Tensor) -> Tensor:
    """Picks items by weight: the inverse of the cumulative distribution.

    Args:
        tables: float32 [rows, items], see `cumulative_shares`.
        row: Integers [n]: the table to pick from.
        at: float32 [n], in [0, 1]: where in the distribution to look.

    Returns:
        int64 [n]: an item whose weight is positive.
    """
    # Above 0 and below 1, so that items without weight are never picked, at either end.
    inside = ops.clip(at, 1e-7, 1.0 - 1e-6)
    passed = ops.cast(ops.take(tables, row, axis=0) <= inside[:, None], "float32")
    return ops.cast(ops.matmul(passed, np.ones((tables.shape[1], 1), np.float32))[:, 0], "int64")
