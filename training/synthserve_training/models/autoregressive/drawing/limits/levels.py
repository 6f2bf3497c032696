"""Levels of a column of numbers: which points of them conditions and limits leave, and the choice of one."""

from collections.abc import Sequence

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.drawing.limits.ranks import rank_bounds
from synthserve_training.models.autoregressive.search import count_up_to
from synthserve_training.models.autoregressive.tokens.cells import LevelCells
from synthserve_training.models.autoregressive.tokens.lattice import Level
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value

Points = tuple[Value, Value]
"""The first free rank that is possible, and the number of possible ones: float64 [batch]."""


def coarser_points(
    graph: GraphBuilder, code: NumberCode, place: Value, limits: Limits, first: Value | None, last: Value | None
) -> list[Points]:
    """The possible points of each level but the finest, in free ranks of the level.

    Args:
        graph: Where the nodes go.
        code: The tokens.
        place: int64 [batch]: the cell times the number of parts, plus the part. Atoms have no points.
        limits: In units of the lattice.
        first: float64 [1, 1]: the first rank that conditions leave; None: all.
        last: The same, the last one.
    """
    found = []
    for level in code.levels[1:]:
        cells = LevelCells(code, level)
        start, stop = (graph.op("Gather", graph.constant(each.reshape(-1)), place) for each in (cells.low, cells.high))
        ends = (_multiple(graph, level, first, "Ceil"), _multiple(graph, level, last, "Floor"))
        found.append(rank_bounds(graph, cells.lattice, cells.atoms, limits, *ends).left(graph, start, stop))
    return found


def chosen_points(
    graph: GraphBuilder, code: NumberCode, uniform: Value, finest: Points, coarser: Sequence[Points]
) -> tuple[Points, Value]:
    """Chooses a level by its weight, or the next finer one that has a point.

    Args:
        graph: Where the nodes go.
        code: The tokens.
        uniform: float64 [batch], a multiple of 2^-24.
        finest: The possible points of the finest level.
        coarser: Those of the other levels.

    Returns:
        The points of the chosen level, and its index, int64 [batch].
    """
    (start, points), zero = finest, graph.constant(0.0, np.float64)
    chosen = graph.constant(np.zeros(1, np.int64))
    below = np.cumsum([level.weight for level in code.levels])
    for index, (first, count) in enumerate(coarser):
        wanted = graph.op("GreaterOrEqual", uniform, graph.constant(below[index], np.float64))
        use = graph.op("And", wanted, graph.op("Greater", count, zero))
        start, points = graph.op("Where", use, first, start), graph.op("Where", use, count, points)
        chosen = graph.op("Where", use, graph.constant(index + 1, np.int64), chosen)
    return (start, points), chosen


def ranks_of(graph: GraphBuilder, code: NumberCode, free: Value, level: Value, is_bin: Value) -> Value:
    """The ranks of free ranks.

    Args:
        graph: Where the nodes go.
        code: The tokens.
        free: int64 [batch]: free ranks of the level; ranks where the cell is an atom.
        level: int64 [batch], the index of the level.
        is_bin: bool [batch]: whether the cell is a bin.
    """
    atoms = [LevelCells(code, each).atoms for each in code.levels]
    if len(code.atoms):
        # One more table has no atoms: that of the cells that are atoms.
        table = np.full((len(atoms) + 1, len(code.atoms)), np.iinfo(np.int64).max)
        for row, each in zip(table, atoms, strict=False):
            row[: len(each)] = each - np.arange(len(each))
        which = graph.op("Where", is_bin, level, graph.constant(len(atoms), np.int64))
        free = graph.op("Add", free, count_up_to(graph, table, free, which))
    first, every = (
        graph.op("Gather", graph.constant(numbers, np.int64), level)
        for numbers in ([each.first for each in code.levels], [each.every for each in code.levels])
    )
    return graph.op("Add", graph.op("Mul", free, every), first)


def _multiple(graph: GraphBuilder, level: Level, rank: Value | None, rounding: str) -> Value | None:
    """The point of a level next to a rank, as a rank of the level, float64 [1, 1]."""
    if rank is None:
        return None
    moved = graph.op("Sub", rank, graph.constant(float(level.first), np.float64))
    return graph.op(rounding, graph.op("Div", moved, graph.constant(float(level.every), np.float64)))
