"""Tokens: the small whole numbers that the columns of a table are drawn as, and how values become tokens.

Each column has one token or more. A token is drawn given those before it; a few more rules tie the tokens of one column
together (`Token.allowed`). A drawn value follows from the tokens of its column and, within a cell of several numbers,
from one more uniform number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.typed import TypedColumn

LEAST_RARE = 2.0**-20
"""The share of values without a code where no rows were counted."""

UNKNOWN = -1
"""The code of a token that has no value: of a rare value, or of a part that the value does not have."""


@dataclass(frozen=True)
class Token:
    """What one softmax draws.

    Attributes:
        name: The column's name, and the part of it.
        size: How many codes there are.
        allowed: bool [contexts, size]: the codes that are possible in each context, at least one. A context is a number
            that is known once the earlier tokens of the column are; see `Encoded`. None: all codes, one context.
        learned: Whether the network learns scores for each context.
        classes: Whole numbers [contexts, size], from 0: codes of one class share a score of the network, such as days
            of one weekday. None: there are no classes.
        places: float32 [contexts or 1, size]: the place of each code in the order of the column's values, from 0 to 1,
            by the share of the rows below; NaN: it has none. Codes at near places mean like values. None: codes have
            no order.
    """

    name: str
    size: int
    allowed: NDArray[np.bool_] | None = None
    learned: bool = False
    classes: NDArray[np.int32] | None = None
    places: NDArray[np.float32] | None = None

    @property
    def contexts(self) -> int:
        """How many contexts there are."""
        return 1 if self.allowed is None else len(self.allowed)

    @property
    def rows(self) -> int:
        """How many embeddings the token has: one for "unknown", then one for each code, or for each in each context."""
        return 1 + self.size * self._tables

    def row(self, codes: NDArray[Any], contexts: NDArray[Any]) -> NDArray[np.int64]:
        """The embedding of codes, [n], in their contexts, [n]."""
        rows = codes.astype(np.int64) + 1 + (contexts.astype(np.int64) * self.size if self._tables > 1 else 0)
        return np.where(codes == UNKNOWN, 0, rows)

    @property
    def _tables(self) -> int:
        return 1 if self.places is None else len(self.places)


@dataclass(frozen=True)
class Encoded:
    """The tokens of rows.

    Attributes:
        codes: int32 [n, tokens], `UNKNOWN` where a token has no value.
        contexts: int32 [n, tokens], the context of each token; 0 where it has but one.
    """

    codes: NDArray[np.int32]
    contexts: NDArray[np.int32]


class ColumnCode(Protocol):
    """How the values of one column become tokens."""

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Its tokens, in the order in which they are drawn."""
        ...

    @property
    def missing(self) -> bool:
        """Whether the value can be missing; its code is the last one of the first token."""
        ...

    @property
    def shares(self) -> NDArray[np.float32]:
        """The share of each code of the first token in the training rows, [size]; the sum is 1."""
        ...

    @property
    def ordered(self) -> int:
        """How many codes of the first token, from the first on, have an order; the others follow in any order."""
        ...

    @property
    def rare(self) -> float:
        """The share of training rows whose value has no code, with half a row added; above 0."""
        ...

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes values of the column."""
        ...

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which drawn rows have a later token, and its context.

        Args:
            index: The place of the token in the column, at least 1.
            codes: [n, index], the tokens before it.

        Returns:
            Whether each row has the token, [n], and the context, [n].
        """
        ...


def rare_share(rare: int, rows: int) -> float:
    """`ColumnCode.rare` of so many rare values among so many rows."""
    return (rare + 0.5) / (rows + 1)


def concatenated(parts: Sequence[Encoded]) -> Encoded:
    """The tokens of several columns side by side."""
    return Encoded(
        np.concatenate([part.codes for part in parts], axis=1),
        np.concatenate([part.contexts for part in parts], axis=1),
    )
