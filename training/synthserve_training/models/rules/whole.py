"""Whole numbers below 2^52, held in float64, and indices drawn with them.

float64 is exact for them, so every machine computes the same, and onnxruntime computes it with vector instructions;
its int64 division is several times slower. For whole x < 2^52 and d the rounded x / d has the right floor: the distance
of x / d to the next whole number is at least 1 / d, and rounding changes it by at most x / d * 2^-53, half of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules.scope import Scope

_ONE_UNIFORM = 2**24


def number(graph: GraphBuilder, value: float) -> Value:
    """A constant, float64 []."""
    return graph.constant(value, np.float64)


def divided(graph: GraphBuilder, value: Value, divisor: int | Value) -> tuple[Value, Value]:
    """Quotient and remainder of whole numbers, float64."""
    constant = number(graph, divisor) if isinstance(divisor, int) else divisor
    quotient = graph.op("Floor", graph.op("Div", value, constant))
    return quotient, graph.op("Sub", value, graph.op("Mul", quotient, constant))


def remainder_of_index(graph: GraphBuilder, index: Value, size: int) -> Value:
    """The index of a row modulo a size: int64 [batch] to float64 [batch]."""
    return graph.cast(graph.op("Mod", index, graph.constant(size, np.int64)), np.float64)


def uniforms_below(size: int) -> int:
    """How many uniform numbers `below` takes."""
    return 0 if size == 1 else 1 if size <= _ONE_UNIFORM else 2


def below(scope: Scope, size: int) -> Value:
    """Draws whole numbers from 0 to before `size`, equally likely to 2^-24 (large sizes: 2^-48): float64 [batch]."""
    graph = scope.graph
    if size == 1:
        return graph.op("Expand", graph.constant([0.0], np.float64), scope.batch)
    uniform = scope.uniform()
    if size <= _ONE_UNIFORM:
        return graph.op("Floor", graph.op("Mul", uniform, number(graph, size)))
    fine = graph.op("Mul", scope.uniform(), number(graph, 1 / _ONE_UNIFORM))
    scaled = graph.op("Mul", graph.op("Add", uniform, fine), number(graph, size))
    return graph.op("Min", graph.op("Floor", scaled), number(graph, size - 1))  # the product can round up to `size`


def chosen(graph: GraphBuilder, uniform: Value, size: int, weights: Sequence[float] | None = None) -> Value:
    """Turns uniform numbers into indices.

    Args:
        graph: The graph that grows.
        uniform: float64, of any shape.
        size: How many indices there are, at most 2^24.
        weights: How likely each is; equally if it is None.

    Returns:
        int32, of the shape of `uniform`. Walker's alias method (1977) draws weighted indices in constant time.
    """
    scaled = graph.op("Mul", uniform, number(graph, size))
    if weights is None:
        return graph.cast(scaled, np.int32)  # the conversion cuts the fraction off
    cell = graph.op("Floor", scaled)
    index = graph.cast(cell, np.int32)
    return _own_or_other(graph, graph.op("Sub", scaled, cell), index, *_aliases(weights))


@dataclass(frozen=True)
class Pool:
    """Several lists, one behind the other, from one of which an entry is drawn.

    Attributes:
        entries: The entries of all lists; equal lists are there once.
        starts: Where each list starts.
        sizes: How many entries each list has.
        weights: How likely each entry is within its list; None if all entries of each list are equally likely.
    """

    entries: tuple[str, ...]
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...] | None

    @classmethod
    def of(cls, lists: Sequence[tuple[tuple[str, ...], tuple[float, ...] | None]]) -> "Pool":
        """Puts lists of entries and weights together."""
        starts: dict[tuple[tuple[str, ...], tuple[float, ...] | None], int] = {}
        entries: list[str] = []
        for one in lists:
            if one not in starts:
                starts[one] = len(entries)
                entries.extend(one[0])
        weighted = any(weights for _, weights in starts)
        weights = tuple(weights or (1.0,) * len(texts) for texts, weights in starts) if weighted else None
        return cls(
            tuple(entries), tuple(starts[one] for one in lists), tuple(len(texts) for texts, _ in lists), weights
        )

    @property
    def varies(self) -> bool:
        """Whether any list has more than one entry."""
        return max(self.sizes) > 1

    def at(self, graph: GraphBuilder, choice: Value, place: Value) -> Value:
        """The entries at a place of the chosen lists: int32 and float64 [batch] to int32 [batch]."""
        start = graph.op("Gather", graph.constant(self.starts, np.float64), choice)
        return graph.cast(graph.op("Add", start, place), np.int32)

    def chosen(self, graph: GraphBuilder, choice: Value, uniform: Value | None) -> Value:
        """Draws entries of the chosen lists: int32 [batch].

        Args:
            graph: The graph that grows.
            choice: Which list, int32 [batch].
            uniform: float64 [batch]; None if no list has more than one entry.
        """
        if uniform is None:
            return graph.op("Gather", graph.constant(self.starts, np.int32), choice)
        sizes = graph.op("Gather", graph.constant(self.sizes, np.float64), choice)
        scaled = graph.op("Mul", uniform, sizes)
        cell = graph.op("Floor", scaled)
        index = self.at(graph, choice, cell)
        if self.weights is None:
            return index
        shares: list[float] = []
        others: list[int] = []
        for weights in self.weights:
            own, alias = _aliases(weights)
            others.extend(len(shares) + other for other in alias)
            shares.extend(own)
        return _own_or_other(graph, graph.op("Sub", scaled, cell), index, shares, others)


def _own_or_other(
    graph: GraphBuilder, fraction: Value, index: Value, shares: Sequence[float], others: Sequence[int]
) -> Value:
    own = graph.op("Less", fraction, graph.op("Gather", graph.constant(shares, np.float64), index))
    return graph.op("Where", own, index, graph.op("Gather", graph.constant(others, np.int32), index))


def _aliases(weights: Sequence[float]) -> tuple[list[float], list[int]]:
    """For each cell the share of it that is its own index, and the index that has the rest of it."""
    total = sum(weights)
    shares = [weight * len(weights) / total for weight in weights]
    others = list(range(len(weights)))
    small = [index for index, share in enumerate(shares) if share < 1]
    large = [index for index, share in enumerate(shares) if share >= 1]
    while small and large:
        one, other = small.pop(), large[-1]
        others[one] = other
        shares[other] -= 1 - shares[one]
        if shares[other] < 1:
            small.append(large.pop())
    for index in (*small, *large):  # what is left is 1 but for rounding
        others[index] = index
    return shares, others
