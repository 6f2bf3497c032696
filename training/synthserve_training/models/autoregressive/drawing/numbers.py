"""Draws columns of numbers: the cell, the part of a bin, the level if there are several, and a point within that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synthserve.v1.schema_pb2 import (
    COLUMN_TYPE_DOUBLE,
    COLUMN_TYPE_INT64,
    CONDITION_KIND_RANGE,
    Column,
    ConditionSpec,
)
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.conditions import log_share, told
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits, Reach
from synthserve_training.models.autoregressive.drawing.limits.levels import chosen_points, coarser_points, ranks_of
from synthserve_training.models.autoregressive.drawing.limits.ranks import RankBounds, rank_bounds
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.cells import Cells
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema

_PARTS = 2**24
"""Shares of parts are rounded to multiples of one over this."""

_FINE = 2**18
"""Cells with more lattice points than this take two uniform numbers of 24 bits to choose one."""

_TOLERANCE = 1e-6
"""How far, in lattice steps, the end of a range may lie off a lattice point because of rounding."""


@dataclass(frozen=True)
class NumberGraph:
    """A column of numbers.

    Attributes:
        options: The column.
        code: Its tokens.
    """

    options: ColumnOptions
    code: NumberCode

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        kind = COLUMN_TYPE_INT64 if self.options.type is ColumnType.INTEGER else COLUMN_TYPE_DOUBLE
        return column_schema(self.options, kind, nullable=self.code.missing)

    @property
    def condition(self) -> ConditionSpec:
        """A RANGE of numbers."""
        low, high = (self._text(rank) for rank in self._hull)
        return ConditionSpec(
            column=self.options.name,
            kind=CONDITION_KIND_RANGE,
            nullable=self.code.missing,
            low=low,
            high=high,
            unit=self.options.unit,
        )

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The lowest and the highest number."""
        return np.float64, 2

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """See `ColumnGraph`."""
        low, high = self._ranks(graph, condition)
        return self.evidence_of_ranks(graph, weights, condition, low, high)

    def evidence_of_ranks(
        self,
        graph: GraphBuilder,
        weights: Sequence[HeadWeights],
        condition: Value,
        low: Value,
        high: Value,
        likelihood: Value | None = None,
    ) -> Evidence:
        """As `evidence`, for an inclusive range of ranks, float64 [1, 1] each, infinite where there is no end.

        Args:
            graph: Where the nodes go.
            weights: Of the column's tokens.
            condition: On the column.
            low: The first rank.
            high: The last one.
            likelihood: Of conditions on other columns, given each cell, above 0 and at most 1: float32 [1, cells].
        """
        cells = self._cells
        must_miss = graph.op("IsNaN", graph.slice(condition, 0, 1, 1))
        is_unset = graph.op(
            "ReduceMin", graph.cast(graph.op("IsInf", condition), np.int32), graph.constant([1], np.int64), keepdims=1
        )
        is_unset = graph.cast(is_unset, np.bool_)
        if likelihood is not None:
            least = graph.op("ReduceMin", likelihood, graph.constant([1], np.int64), keepdims=1)
            is_unset = graph.op("And", is_unset, graph.op("GreaterOrEqual", least, graph.constant(np.float32(1))))

        start, stop = graph.constant(cells.low), graph.constant(cells.high)
        infinity = graph.constant(np.inf, np.float64)
        limits = {
            "first": graph.op("Where", must_miss, infinity, low),
            "last": graph.op("Where", must_miss, graph.op("Neg", infinity), high),
        }
        if len(self.code.edges):
            # Bins consist of free ranks: those of the range are numbered in the same way.
            atoms = graph.constant(self.code.atoms[None].astype(np.float64))
            first = graph.op("Sub", low, self._count(graph, graph.op("Less", atoms, low)))
            last = graph.op("Sub", high, self._count(graph, graph.op("LessOrEqual", atoms, high)))
            after = graph.op("Add", last, graph.constant(1.0, np.float64))
            is_bin = graph.constant(cells.is_bin)
            after_high = graph.op("Add", high, graph.constant(1.0, np.float64))
            start = graph.op("Max", start, graph.op("Where", is_bin, first, low))
            stop = graph.op("Min", stop, graph.op("Where", is_bin, after, after_high))
        else:
            start = graph.op("Max", start, low)
            stop = graph.op("Min", stop, graph.op("Add", high, graph.constant(1.0, np.float64)))
        zero = graph.constant(0.0, np.float64)
        points = graph.op("Max", graph.op("Sub", stop, start), zero)
        points = graph.op("Where", must_miss, zero, points)
        if len(self.code.edges):
            limits |= {"start": start, "points": points}
        left = graph.cast(graph.op("Div", points, graph.constant(np.maximum(cells.high - cells.low, 1.0))), np.float32)
        whole = graph.op("Mul", graph.cast(left, np.float64), graph.constant(cells.shares.astype(np.float64) * _PARTS))
        parts = graph.sum(graph.op("Round", whole), 1)  # whole numbers: the order does not matter
        by_cell = graph.op("Reshape", graph.cast(parts, np.float32), graph.constant([1, -1], np.int64))
        by_cell = graph.op("Mul", by_cell, graph.constant(np.float32(1 / _PARTS)))
        if likelihood is not None:
            by_cell = graph.op("Mul", by_cell, likelihood)
        if self.code.missing:
            missing = graph.cast(graph.op("Or", must_miss, is_unset), np.float32)
            by_cell = graph.op("Concat", by_cell, missing, axis=1)
        rest = None
        if self.code.parts > 1:
            limits["parts"] = self._part_mask(graph, left)
            rest = self._part_embedding(graph, weights[1], by_cell, left)
        found = told(graph, weights, self.code.shares, by_cell, is_unset, rest)
        return Evidence(found.embedding, found.mask, limits)

    def draw(
        self,
        heads: Heads,
        weights: Sequence[HeadWeights],
        evidence: Evidence,
        seen: RunningSum,
        uniforms: Uniforms,
        masks: Callable[[int], Value | None],
        limits: Limits | None = None,
    ) -> Drawn:
        """See `ColumnGraph`."""
        graph = heads.graph
        rank, validity, seen, codes = self.draw_rank(heads, weights, evidence, seen, uniforms, masks, limits)
        return Drawn(Output(self.finished(graph, rank), validity), seen, codes, self.units(graph, rank))

    def draw_rank(
        self,
        heads: Heads,
        weights: Sequence[HeadWeights],
        evidence: Evidence,
        seen: RunningSum,
        uniforms: Uniforms,
        masks: Callable[[int], Value | None],
        limits: Limits | None = None,
    ) -> tuple[Value, Value | None, RunningSum, tuple[Value, ...]]:
        """Draws the lattice point: int64 [batch] with its validity, the running sum, and the codes."""
        graph, code, cells = heads.graph, self.code, self._cells
        size = code.tokens[0].size
        bounds = None if limits is None else self._bounds(graph, evidence, limits)
        mask = masks(0)
        if bounds is not None:
            inside = bounds.cell_mask(graph, *self._cells.extents)
            mask = inside if mask is None else graph.op("Add", mask, inside)
        cell = heads.first_token(weights[0], seen, evidence.mask, mask, size, uniforms)
        seen = heads.add(seen, weights[0].embeddings[1:], cell)
        codes: tuple[Value, ...] = (cell,)
        validity = None
        known = cell
        if code.missing:
            validity = graph.op("Less", cell, graph.constant(size - 1, np.int64))
            known = graph.op("Mul", cell, graph.cast(validity, np.int64))
        place = known
        if code.parts > 1:
            mask = masks(1)
            if bounds is not None:
                inside = bounds.part_mask(graph, *self._cells.part_extents, cell)
                mask = inside if mask is None else graph.op("Add", mask, inside)
            part = heads.next_token(code.tokens[1], weights, seen, cell, evidence.limits.get("parts"), mask, uniforms)
            is_bin = graph.op("Gather", graph.constant(code.bin_of >= 0), cell)
            place = graph.op("Add", graph.op("Mul", known, graph.constant(code.parts, np.int64)), part)
            row = graph.op(
                "Where", is_bin, graph.op("Add", place, graph.constant(1, np.int64)), graph.constant(0, np.int64)
            )
            seen = heads.add(seen, weights[1].embeddings, row)
            codes = (cell, part)
        if not len(code.edges):
            return graph.op("Gather", graph.constant(cells.low.reshape(-1), np.int64), place), validity, seen, codes
        flat = graph.constant([-1], np.int64)
        start = evidence.limits.get("start") or graph.constant(cells.low)
        points = evidence.limits.get("points") or graph.constant(cells.high - cells.low)
        start, points = (graph.op("Gather", graph.op("Reshape", each, flat), place) for each in (start, points))
        if bounds is not None:
            is_bin = graph.op("Gather", graph.constant(code.bin_of >= 0), known)
            start, points = bounds.cut(graph, start, points, is_bin)
        level = None
        if code.levels:
            ends = (evidence.limits.get(end) for end in ("first", "last"))
            coarser = coarser_points(graph, code, place, limits or Limits(), *ends)
            (start, points), level = chosen_points(graph, code, uniforms.double(), (start, points), coarser)
        uniform = uniforms.double(fine=bool((cells.high - cells.low).max() > _FINE))
        free = graph.op("Add", start, graph.op("Floor", graph.op("Mul", uniform, points)))
        if level is None:
            return graph.cast(self._point(graph, free, known), np.int64), validity, seen, codes
        is_bin = graph.op("Gather", graph.constant(code.bin_of >= 0), known)
        return ranks_of(graph, code, graph.cast(free, np.int64), level, is_bin), validity, seen, codes

    def _point(self, graph: GraphBuilder, free: Value, cell: Value) -> Value:
        """The ranks of drawn points: in bins, they are numbered without the atoms."""
        atoms = self.code.atoms - np.arange(len(self.code.atoms))
        inside = (
            atoms[(atoms > self.code.edges[0, 0]) & (atoms < self.code.edges[-1, -1])]
            if len(self.code.edges)
            else atoms[:0]
        )
        before = int((atoms <= self.code.edges[0, 0]).sum())
        if not before and not len(inside):
            return free
        shift = graph.constant(float(before), np.float64)
        if len(inside):
            passed = graph.op("LessOrEqual", graph.constant(inside[:, None].astype(np.float64)), free)
            shift = graph.op("Add", graph.cast(graph.sum(graph.cast(passed, np.float32), 0), np.float64), shift)
        if len(self.code.atoms):
            is_bin = graph.op("Gather", graph.constant((self.code.bin_of >= 0).astype(np.float64)), cell)
            shift = graph.op("Mul", shift, is_bin)
        return graph.op("Add", free, shift)

    @property
    def scale(self) -> int:
        """See `Ordered`: what lattice numbers are divided by."""
        return self.code.lattice.scale

    @property
    def extent(self) -> tuple[int, int]:
        """See `Ordered`."""
        lattice = self.code.lattice
        low, high = self._hull
        return lattice.offset + lattice.step * low, lattice.offset + lattice.step * high

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """See `Ordered`."""
        bounds = self._bounds(graph, evidence, limits)
        hull = (self.code.edges[0, 0], self.code.edges[-1, -1] - 1) if len(self.code.edges) else None
        first, last, possible = bounds.reach(graph, self.code.atoms, hull)
        return Reach(self.units(graph, first), self.units(graph, last), possible)

    def units(self, graph: GraphBuilder, rank: Value) -> Value:
        """The numbers of ranks, times `scale`: int64 to int64."""
        lattice = self.code.lattice
        whole = rank
        if lattice.step != 1:
            whole = graph.op("Mul", whole, graph.constant(lattice.step, np.int64))
        if lattice.offset:
            whole = graph.op("Add", whole, graph.constant(lattice.offset, np.int64))
        return whole

    def finished(self, graph: GraphBuilder, rank: Value) -> Value:
        """The numbers of ranks, int64 [batch]: int64 or float64 [batch]."""
        lattice = self.code.lattice
        whole = self.units(graph, rank)
        if self.options.type is ColumnType.INTEGER:
            return whole
        number = graph.cast(whole, np.float64)
        return (
            number if lattice.scale == 1 else graph.op("Div", number, graph.constant(float(lattice.scale), np.float64))
        )

    def _ranks(self, graph: GraphBuilder, condition: Value) -> tuple[Value, Value]:
        lattice = self.code.lattice
        scaled = graph.op("Mul", condition, graph.constant(float(lattice.scale), np.float64))
        places = graph.op(
            "Div",
            graph.op("Sub", scaled, graph.constant(float(lattice.offset), np.float64)),
            graph.constant(float(lattice.step), np.float64),
        )
        tolerance = graph.constant(_TOLERANCE, np.float64)
        low = graph.op("Ceil", graph.op("Sub", graph.slice(places, 0, 1, 1), tolerance))
        high = graph.op("Floor", graph.op("Add", graph.slice(places, 1, 2, 1), tolerance))
        return low, high

    def _part_mask(self, graph: GraphBuilder, left: Value) -> Value:
        """What conditions add to the scores of the parts, float32 [cells, parts]."""
        # Parts of atoms are drawn and not used.
        zero = graph.constant(np.float32(0))
        mask = graph.op("Where", graph.constant(self._cells.is_bin), log_share(graph, left), zero)
        if self.code.missing:
            mask = graph.op("Concat", mask, graph.constant(np.zeros((1, self.code.parts), np.float32)), axis=0)
        return mask

    def _part_embedding(self, graph: GraphBuilder, weights: HeadWeights, by_cell: Value, left: Value) -> Value:
        """The embedding of the part: known only if the range lies within a single one."""
        zero = graph.constant(np.float32(0))
        cells_left = graph.sum(graph.cast(graph.op("Greater", by_cell, zero), np.float32), 1, keep=True)
        parts = graph.op(
            "Mul",
            graph.cast(graph.op("Greater", left, zero), np.float32),
            graph.constant(self._cells.is_bin.astype(np.float32)),
        )
        count = graph.op("ReduceSum", parts, keepdims=1)
        one = graph.constant(np.float32(1))
        single = graph.op("And", graph.op("Equal", cells_left, one), graph.op("Equal", count, one))
        flat = graph.op("Reshape", parts, graph.constant([1, -1], np.int64))
        chosen = graph.op("MatMul", flat, graph.constant(weights.embeddings[1 : 1 + self._cells.is_bin.size]))
        return graph.op("Where", single, chosen, graph.constant(weights.embeddings[:1]))

    def _bounds(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> RankBounds:
        """The ranks that limits and conditions leave."""
        return rank_bounds(
            graph, self.code.lattice, self.code.atoms, limits, evidence.limits.get("first"), evidence.limits.get("last")
        )

    def _count(self, graph: GraphBuilder, true: Value) -> Value:
        return graph.sum(graph.cast(true, np.float64), 1, keep=True)

    @property
    def _hull(self) -> tuple[int, int]:
        ranks = self.code.atoms
        if len(self.code.edges):
            ends = self.code.point(np.array([self.code.edges[0, 0], self.code.edges[-1, -1] - 1]))
            ranks = np.r_[ranks, ends]
        return int(ranks.min()), int(ranks.max())

    def _text(self, rank: int) -> str:
        value = self.code.lattice.values(np.array([rank]))[0]
        return str(int(value)) if self.options.type is ColumnType.INTEGER else repr(float(value))

    @cached_property
    def _cells(self) -> Cells:
        return Cells(self.code)
