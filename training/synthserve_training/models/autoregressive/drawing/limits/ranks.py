"""Limits as ranks of a lattice: which cells and parts of a column of numbers they leave, and which points of these."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.heads import MASKED
from synthserve_training.models.autoregressive.drawing.limits import Limits, ceiling_division, floor_division
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.models.onnx_graph import GraphBuilder, Value

_NOWHERE = 2.0**60
"""A rank that no number has."""


@dataclass(frozen=True)
class RankBounds:
    """The ranks and free ranks that are possible, both ends included.

    The network has learnt from rows that keep the limits, so a cell that is possible in part keeps its score.

    Attributes:
        first: float64 [batch] or [1], ranks.
        last: The same.
        first_free: The same, free ranks: `_NOWHERE` where there are none.
        last_free: The same.
    """

    first: Value
    last: Value
    first_free: Value
    last_free: Value

    def cell_mask(
        self, graph: GraphBuilder, low: NDArray[np.float64], high: NDArray[np.float64], is_bin: NDArray[np.bool_]
    ) -> Value:
        """What is added to the scores of cells, float32 [K, batch] or [K, 1].

        Args:
            graph: Where the nodes go.
            low: [K, 1]: the first point of each cell; a rank of an atom, a free rank of a bin.
            high: [K, 1]: its last point.
            is_bin: [K, 1].
        """
        bins = graph.constant(is_bin)
        first = graph.op("Where", bins, self.first_free, self.first)
        last = graph.op("Where", bins, self.last_free, self.last)
        return self._mask(graph, graph.constant(low), graph.constant(high), first, last)

    def part_mask(self, graph: GraphBuilder, low: NDArray[np.float64], high: NDArray[np.float64], cell: Value) -> Value:
        """What is added to the scores of the parts of drawn cells, float32 [parts, batch].

        Args:
            graph: Where the nodes go.
            low: [K, parts]: the first free rank of each part.
            high: [K, parts]: its last one.
            cell: int64 [batch].
        """
        low_of, high_of = (graph.op("Gather", graph.constant(each.T), cell, axis=1) for each in (low, high))
        return self._mask(graph, low_of, high_of, self.first_free, self.last_free)

    def cut(self, graph: GraphBuilder, start: Value, points: Value, is_bin: Value) -> tuple[Value, Value]:
        """The possible points of drawn parts of bins.

        Args:
            graph: Where the nodes go.
            start: float64 [batch]: the first point of each part.
            points: float64 [batch]: how many points it has.
            is_bin: bool [batch]: whether it is a part of a bin; others are left as they are.
        """
        one = graph.constant(1.0, np.float64)
        stop = graph.op("Add", start, points)
        # The limits of a row whose value is missing can lie anywhere: the part still has a point.
        low = graph.op("Min", graph.op("Max", start, self.first_free), graph.op("Sub", stop, one))
        high = graph.op("Min", stop, graph.op("Add", self.last_free, one))
        left = graph.op("Max", graph.op("Sub", high, low), one)
        return graph.op("Where", is_bin, low, start), graph.op("Where", is_bin, left, points)

    def left(self, graph: GraphBuilder, start: Value, stop: Value) -> tuple[Value, Value]:
        """The first possible point of drawn parts of bins, and the number of points, float64 [batch]; it can be 0.

        Args:
            graph: Where the nodes go.
            start: float64 [batch]: the first point of each part, a free rank.
            stop: float64 [batch]: the one after the last point.
        """
        low = graph.op("Max", start, self.first_free)
        high = graph.op("Min", stop, graph.op("Add", self.last_free, graph.constant(1.0, np.float64)))
        return low, graph.op("Max", graph.op("Sub", high, low), graph.constant(0.0, np.float64))

    def reach(
        self, graph: GraphBuilder, atoms: NDArray[np.int64], hull: tuple[int, int] | None
    ) -> tuple[Value, Value, Value]:
        """The first and the last possible rank, int64 [1], and whether there is one, bool [1]; bounds are [1].

        Args:
            graph: Where the nodes go.
            atoms: [atoms], ranks, rising.
            hull: The first and the last free rank of all bins; None: there are no bins.
        """
        nowhere = graph.constant(_NOWHERE, np.float64)
        firsts, lasts = [nowhere], [graph.op("Neg", nowhere)]
        if len(atoms):
            ranks = graph.constant(atoms.astype(np.float64))
            inside = graph.op(
                "And", graph.op("GreaterOrEqual", ranks, self.first), graph.op("LessOrEqual", ranks, self.last)
            )
            axis = graph.constant([0], np.int64)
            firsts.append(graph.op("ReduceMin", graph.op("Where", inside, ranks, firsts[0]), axis, keepdims=1))
            lasts.append(graph.op("ReduceMax", graph.op("Where", inside, ranks, lasts[0]), axis, keepdims=1))
        if hull is not None:
            first = graph.op("Max", self.first_free, graph.constant(float(hull[0]), np.float64))
            last = graph.op("Min", self.last_free, graph.constant(float(hull[1]), np.float64))
            inside = graph.op("LessOrEqual", first, last)
            firsts.append(graph.op("Where", inside, _point(graph, atoms, first), firsts[0]))
            lasts.append(graph.op("Where", inside, _point(graph, atoms, last), lasts[0]))
        first, last = graph.op("Min", *firsts), graph.op("Max", *lasts)
        possible = graph.op("LessOrEqual", first, last)
        one = graph.constant([1], np.int64)
        zero = graph.constant(0.0, np.float64)
        first, last = (
            graph.op("Reshape", graph.cast(graph.op("Where", possible, each, zero), np.int64), one)
            for each in (first, last)
        )
        return first, last, graph.op("Reshape", possible, one)

    def _mask(self, graph: GraphBuilder, low: Value, high: Value, first: Value, last: Value) -> Value:
        possible = graph.op("And", graph.op("LessOrEqual", low, last), graph.op("GreaterOrEqual", high, first))
        return graph.op("Where", possible, graph.constant(np.float32(0)), graph.constant(np.float32(MASKED)))


def rank_bounds(
    graph: GraphBuilder,
    lattice: Lattice,
    atoms: NDArray[np.int64],
    limits: Limits,
    first: Value | None,
    last: Value | None,
) -> RankBounds:
    """The ranks that limits and conditions leave.

    Args:
        graph: Where the nodes go.
        lattice: Of the ranks.
        atoms: [atoms], ranks, rising.
        limits: In units of the lattice.
        first: float64 [1, 1]: the first rank that conditions leave; None: all.
        last: The same, the last one.
    """
    flat = graph.constant([1], np.int64)
    lows = [] if first is None else [graph.op("Reshape", first, flat)]
    highs = [] if last is None else [graph.op("Reshape", last, flat)]
    offset = graph.constant(lattice.offset, np.int64)
    if limits.low is not None:
        lows.append(graph.cast(ceiling_division(graph, graph.op("Sub", limits.low, offset), lattice.step), np.float64))
    if limits.high is not None:
        highs.append(graph.cast(floor_division(graph, graph.op("Sub", limits.high, offset), lattice.step), np.float64))
    low = graph.op("Max", *lows, graph.constant([-_NOWHERE], np.float64))
    high = graph.op("Min", *highs, graph.constant([_NOWHERE], np.float64))
    first_free = graph.op("Sub", low, _passed(graph, atoms, low, "Less"))
    last_free = graph.op("Sub", high, _passed(graph, atoms, high, "LessOrEqual"))
    none = graph.op("Greater", first_free, last_free)
    nowhere = graph.constant(_NOWHERE, np.float64)
    return RankBounds(low, high, graph.op("Where", none, nowhere, first_free), last_free)


def _passed(graph: GraphBuilder, atoms: NDArray[np.int64], rank: Value, comparison: str) -> Value:
    """How many atoms lie before each rank, float64 [batch]."""
    if not len(atoms):
        return graph.constant(0.0, np.float64)
    passed = graph.op(comparison, graph.constant(atoms[:, None].astype(np.float64)), rank)
    return graph.cast(graph.sum(graph.cast(passed, np.float32), 0), np.float64)


def _point(graph: GraphBuilder, atoms: NDArray[np.int64], free: Value) -> Value:
    """The ranks of free ranks, float64 [1]."""
    return graph.op("Add", free, _passed(graph, atoms - np.arange(len(atoms)), free, "LessOrEqual"))
