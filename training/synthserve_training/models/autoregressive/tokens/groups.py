"""Columns with many values: a token for a group of values, and one for the value within its group.

Two softmaxes over about the square root of the values take the place of one over all (Goodman 2001, "Classes for fast
maximum entropy training"). Groups hold values that go together with similar values of other columns.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import UNKNOWN, Encoded, Token
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.tables.typed import TypedColumn

LEAST_VALUES = 500
"""Columns with more values are grouped."""

_ITERATIONS = 20


@dataclass(frozen=True)
class GroupedCode:
    """A column of many categories.

    Attributes:
        values: The categories; a column of one token would draw them.
        members: int64 [groups, members]: the code in `values` of each member, `UNKNOWN` behind the last one of a group.
    """

    values: CategoryCode
    members: NDArray[np.int64]

    ordered = 0

    @property
    def name(self) -> str:
        """The column's name."""
        return self.values.name

    @property
    def missing(self) -> bool:
        """Whether the value can be missing; its code is the last one of the first token."""
        return self.values.missing

    @property
    def rare(self) -> float:
        """As in `ColumnCode`."""
        return self.values.rare

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """As in `ColumnCode`, of the groups."""
        return self.of_groups(
            self.values.shares[: len(self.values.values)], self.values.shares[len(self.values.values) :]
        )

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The group, and the member."""
        groups = len(self.members) + self.missing
        allowed = np.ones((groups, self.members.shape[1]), np.bool_)
        allowed[: len(self.members)] = self.members != UNKNOWN
        return Token(self.name, groups), Token(f"{self.name}:member", self.members.shape[1], allowed, learned=True)

    def of_groups(self, of_values: NDArray[np.float32], rest: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sums over the values of each group, and what is not of a group behind them."""
        sums = np.where(self.members >= 0, of_values[np.maximum(self.members, 0)], 0).sum(axis=1)
        shares: NDArray[np.float32] = np.r_[sums, rest].astype(np.float32)
        return shares

    @cached_property
    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The group and the member of each value, [values] each."""
        groups, members = np.nonzero(self.members >= 0)
        order = np.argsort(self.members[groups, members])
        return groups[order].astype(np.int64), members[order].astype(np.int64)

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes values; those that are not in `values` become `UNKNOWN`."""
        codes = self.values.encode(column).codes[:, 0].astype(np.int64)
        groups, members = self.places
        known = (codes >= 0) & (codes < len(groups))
        at = np.where(known, codes, 0)
        group = np.where(known, groups[at], np.where(codes >= 0, len(self.members), UNKNOWN))
        member = np.where(known, members[at], UNKNOWN)
        contexts = np.stack([np.zeros_like(group), np.maximum(group, 0)], axis=1)
        return Encoded(np.stack([group, member], axis=1).astype(np.int32), contexts.astype(np.int32))

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """See `ColumnCode`: a missing value has no member."""
        del index
        return codes[:, 0] < len(self.members), codes[:, 0]


def grouped(values: CategoryCode, codes: NDArray[np.int64], others: NDArray[np.int64]) -> GroupedCode:
    """Groups the values of a column.

    The values are described by the codes of other columns that their rows have, and halved along the first principal
    component of these descriptions again and again, until the groups are small enough.

    Args:
        values: The column as one token.
        codes: [n], the codes of rows; negative, or those of the missing value, where there is none.
        others: [n, columns], the codes of first tokens of other columns, negative where they are unknown.
    """
    count = len(values.values)
    size = 1 << round(np.log2(np.sqrt(count)))
    known = (codes >= 0) & (codes < count)
    profiles = [_profile(codes[known], other[known], count) for other in others.T]
    described = np.concatenate(profiles, axis=1) if profiles else np.zeros((count, 1))
    leaves = _halved(np.arange(count), described, size)
    members = np.full((len(leaves), max(map(len, leaves))), UNKNOWN, np.int64)
    for row, leaf in zip(members, leaves, strict=True):
        row[: len(leaf)] = np.sort(leaf)
    return GroupedCode(values, members)


def _profile(codes: NDArray[np.int64], other: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The square roots (Hellinger's distance) of the shares of another column's codes in each value's rows, centred."""
    width = int(other.max(initial=0)) + 1
    there = other >= 0
    table = np.zeros((count, width))
    np.add.at(table, (codes[there], other[there]), 1.0)
    roots = np.sqrt(table / np.maximum(table.sum(axis=1, keepdims=True), 1.0))
    centred: NDArray[np.float64] = roots - roots.mean(axis=0)
    return centred


def _halved(values: NDArray[np.int64], described: NDArray[np.float64], size: int) -> list[NDArray[np.int64]]:
    if len(values) <= size:
        return [values]
    mine = described[values] - described[values].mean(axis=0)
    axis = mine[np.argmax((mine**2).sum(axis=1))]
    for _ in range(_ITERATIONS):  # power iteration
        axis = mine.T @ (mine @ axis)
        axis = axis / max(np.linalg.norm(axis), 1e-12)
    order = values[np.argsort(mine @ axis, kind="stable")]
    half = -(-len(order) // 2)
    return [*_halved(order[:half], described, size), *_halved(order[half:], described, size)]
