"""Random evidence: what of a row the network is told when it learns to draw the rest.

Half of the rows get none. In the others each column is evidence with a probability that is drawn for the row, as its
value or, in a third of the cases, as a set that holds the value: a range of a number, or any subset of categories. So
one network learns the distribution of every column given those before it and any evidence on any columns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens.table import TableCode

_NONE_SHARE = 0.5
_SET_SHARE = 1 / 3


@dataclass(frozen=True)
class Evidence:
    """Evidence on a batch of rows.

    The codes of the first tokens of all columns are numbered one after the other; `order` is a permutation of these
    numbers within each column. A set is an interval of places in that order.

    Attributes:
        given: float32 [n, columns]: 1 where the value is told.
        is_set: float32 [n, columns]: 1 where a set is told.
        low: int32 [n, columns]: the first place of the set.
        high: int32 [n, columns]: the place after its last one.
        order: int32 [codes].
    """

    given: NDArray[np.float32]
    is_set: NDArray[np.float32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    order: NDArray[np.int32]


class EvidenceSampler:
    """Draws random evidence for rows of a table."""

    def __init__(self, code: TableCode) -> None:
        """Prepares the numbering of the codes of first tokens."""
        self._firsts = code.firsts
        self._sizes = np.array([column.tokens[0].size for column in code.columns])
        self._ordered = np.array([column.ordered for column in code.columns])
        self._offsets = np.r_[0, np.cumsum(self._sizes)[:-1]]

    def none(self, rows: int) -> Evidence:
        """No evidence for any of `rows` rows."""
        zeros, codes = np.zeros((rows, len(self._sizes)), np.float32), int(self._sizes.sum())
        whole = zeros.astype(np.int32)
        return Evidence(zeros, zeros, whole, whole + 1, np.arange(codes, dtype=np.int32))

    def draw(self, codes: NDArray[np.int32], generator: np.random.Generator) -> Evidence:
        """Draws evidence.

        Args:
            codes: [n, tokens], the rows.
            generator: Where the random numbers come from.
        """
        rows, columns = len(codes), len(self._sizes)
        first = codes[:, self._firsts]
        share = generator.random((rows, 1)) * (generator.random((rows, 1)) >= _NONE_SHARE)
        chosen = (generator.random((rows, columns)) < share) & (first >= 0)
        is_set = chosen & (generator.random((rows, columns)) < _SET_SHARE)
        order = np.concatenate(
            [
                offset + np.r_[np.arange(ordered), ordered + generator.permutation(size - ordered)]
                for offset, ordered, size in zip(self._offsets, self._ordered, self._sizes, strict=True)
            ]
        ).astype(np.int32)
        place = np.argsort(order).astype(np.int64)[np.maximum(first, 0) + self._offsets] - self._offsets
        # A missing number belongs to no range: it is told as a set of its own.
        in_order = place < self._ordered
        bottom = np.where(in_order, 0, self._ordered)
        top = np.where(in_order & (self._ordered > 0), self._ordered, self._sizes)
        below, above = generator.random((2, rows, columns)) ** 2
        low = place - np.floor(below * (place - bottom + 1)).astype(np.int64)
        high = place + 1 + np.floor(above * (top - place)).astype(np.int64)
        return Evidence(
            (chosen & ~is_set).astype(np.float32),
            is_set.astype(np.float32),
            (low + self._offsets).astype(np.int32),
            (high + self._offsets).astype(np.int32),
            order,
        )
