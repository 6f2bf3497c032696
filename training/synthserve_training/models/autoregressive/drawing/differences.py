"""Draws columns of dates and timestamps that are counted from an earlier one: the difference, which is added to it.

A condition on such a column says something about three things. Given the start of a row, it limits the difference.
With the condition on the start, it says which differences are possible in any row. And it makes starts more or less
likely: by Bayes' rule, as much as differences that lead into its range are frequent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import COLUMN_TYPE_DATE, COLUMN_TYPE_TIMESTAMP, Column, ConditionSpec
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.dates import DateGraph, range_of_moments
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import (
    Limits,
    Reach,
    ceiling_division,
    clipped,
    floor_division,
    intersection,
)
from synthserve_training.models.autoregressive.drawing.limits.moments import asked_moments
from synthserve_training.models.autoregressive.drawing.numbers import NumberGraph
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.cells import Cells
from synthserve_training.models.autoregressive.tokens.dates import DAYS
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema

_LEAST_LIKELIHOOD = 2.0**-24
"""Limits forbid what is impossible; what is hardly likely must stay possible."""

_MOST_PLACES = 2**12
"""The distribution of differences is looked up in a table of so many places at most."""


@dataclass(frozen=True)
class DifferenceGraph:
    """A column of dates or timestamps that is counted from another one.

    Attributes:
        options: The column.
        code: Its tokens.
        start: The other one.
        origin: The values of the start in the rows that are drawn, int64 [batch]; empty: not yet known.
    """

    options: ColumnOptions
    code: DifferenceCode
    start: "DateGraph | DifferenceGraph"
    origin: Value = ""

    def after(self, origin: Value) -> "DifferenceGraph":
        """The column in rows with these starts."""
        return replace(self, origin=origin)

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        kind = COLUMN_TYPE_DATE if self.options.type is ColumnType.DATE else COLUMN_TYPE_TIMESTAMP
        return column_schema(self.options, kind, nullable=self.code.missing)

    @property
    def condition(self) -> ConditionSpec:
        """A RANGE of dates."""
        return range_of_moments(self.options, *self.extent, nullable=self.code.missing)

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The first and the last day or microsecond."""
        return np.float64, 2

    def evidence(
        self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value, of_start: Value | None = None
    ) -> Evidence:
        """See `ColumnGraph`: the differences that are possible in some row.

        Args:
            graph: Where the nodes go.
            weights: Of the column's tokens.
            condition: On this column.
            of_start: The condition on the start; None: there is none.
        """
        first, last = (graph.constant([[float(end)]], np.float64) for end in self.start.extent)
        low, high = graph.slice(condition, 0, 1, 1), graph.slice(condition, 1, 2, 1)
        if of_start is not None:
            told = [graph.slice(of_start, place, place + 1, 1) for place in (0, 1)]
            missing = graph.op("IsNaN", told[0])
            first, last = (
                graph.op("Where", missing, end, bounded)
                for end, bounded in ((first, graph.op("Max", told[0], first)), (last, graph.op("Min", told[1], last)))
            )
        of_difference = graph.op("Concat", graph.op("Sub", low, last), graph.op("Sub", high, first), axis=1)
        found = self._number.evidence(graph, weights, of_difference)
        return Evidence(found.embedding, found.mask, {**found.limits, "low": low, "high": high})

    def likelihood(self, graph: GraphBuilder, condition: Value, first_days: NDArray[np.int64], scale: int) -> Value:
        """How likely the condition is on each day of the start, by how frequent differences are: float64 [months, 31].

        Args:
            graph: Where the nodes go.
            condition: On this column.
            first_days: [months]: the first day of each month of the start.
            scale: How many units a day has.
        """
        first, last = self.extent
        ends = graph.op("Where", graph.op("IsNaN", condition), graph.constant([[-np.inf, np.inf]]), condition)
        ends = graph.op("Max", ends, graph.constant(float(first - scale), np.float64))
        ends = graph.cast(graph.op("Min", ends, graph.constant(float(last + scale), np.float64)), np.int64)
        days = (first_days[:, None] + np.arange(DAYS)).reshape(-1) * scale
        low, high = (
            graph.op("Reshape", graph.slice(ends, place, place + 1, 1), graph.constant([1], np.int64))
            for place in (0, 1)
        )
        below = self._share_below(graph, graph.op("Sub", low, graph.constant(days + scale - 1, np.int64)))
        up_to = self._share_below(graph, graph.op("Sub", high, graph.constant(days - 1, np.int64)))
        likelihood = graph.op("Max", graph.op("Sub", up_to, below), graph.constant(_LEAST_LIKELIHOOD, np.float64))
        return graph.op("Reshape", likelihood, graph.constant([-1, DAYS], np.int64))

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
        asked = [each for each in (asked_moments(graph, evidence), limits) if each is not None]
        within = intersection(graph, asked)
        rank, validity, seen, codes = self._number.draw_rank(
            heads, weights, evidence, seen, uniforms, masks, None if within is None else self._counted(graph, within)
        )
        units = graph.op("Add", self.origin, self._number.units(graph, rank))
        values = graph.cast(units, np.int32) if self.options.type is ColumnType.DATE else units
        return Drawn(Output(values, validity), seen, codes, units)

    @property
    def scale(self) -> int:
        """See `Ordered`: days or microseconds are compared."""
        return self.start.scale

    @property
    def extent(self) -> tuple[int, int]:
        """See `Ordered`."""
        (first, last), (least, most) = self.start.extent, self.code.extent
        return first + least, last + most

    @property
    def durations(self) -> tuple[str, str]:
        """The least and the greatest difference, as text."""
        if self.options.type is ColumnType.DATE:
            return str(self.code.extent[0]), f"{self.code.extent[1]} days"
        least, most = (timedelta(microseconds=end) for end in self.code.extent)
        return str(least), str(most)

    @property
    def lattice(self) -> tuple[int, int]:
        """Moments are this number of units, plus multiples of this one."""
        return self.start.lattice[0], self.code.number.lattice.step

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """See `Ordered`: of a start that leads to them."""
        asked = asked_moments(graph, evidence)
        ends = Limits(*(graph.constant([end], np.int64) for end in self.extent))
        found = intersection(graph, [ends, limits, *([] if asked is None else [asked])]) or ends
        offset, step = self.lattice
        low, high = (
            graph.op(
                "Add",
                graph.op(
                    "Mul",
                    divided(graph, graph.op("Sub", end or "", graph.constant(offset, np.int64)), step),
                    graph.constant(step, np.int64),
                ),
                graph.constant(offset, np.int64),
            )
            for end, divided in ((found.low, ceiling_division), (found.high, floor_division))
        )
        return Reach(low, high, graph.op("LessOrEqual", low, high))

    def _counted(self, graph: GraphBuilder, within: Limits) -> Limits:
        """Limits of the column as limits of the difference."""
        return Limits(
            *(None if end is None else graph.op("Sub", end, self.origin) for end in (within.low, within.high))
        )

    def _share_below(self, graph: GraphBuilder, units: Value) -> Value:
        """The share of differences that are less than units, int64 [n]: float64 [n]."""
        least, most = self.code.extent
        size = -(-(most + 1 - least) // _MOST_PLACES)
        ends = np.minimum(np.arange(least, most + 1 + size, size), most + 1)
        place = graph.op("Sub", units, graph.constant(least, np.int64))
        if size > 1:
            place = floor_division(graph, place, size)
        place = clipped(graph, place, Limits(*(graph.constant(each, np.int64) for each in (0, len(ends) - 1))))
        return graph.op("Gather", graph.constant(self._below(ends)), place)

    def _below(self, units: NDArray[np.int64]) -> NDArray[np.float64]:
        """The share of differences that are less than units: exact where it bends, and linear between."""
        number, cells = self.code.number, Cells(self.code.number)
        mass = number.shares[: number.ordered].astype(np.float64)[:, None] * cells.shares
        used = (mass > 0) & (cells.high > cells.low)
        mass, low, high, is_bin = mass[used], cells.low[used], cells.high[used], cells.is_bin[used]
        parts = (number.point(low[is_bin].astype(np.int64)), number.point(high[is_bin].astype(np.int64) - 1) + 1)
        ranks = np.unique(np.concatenate([number.atoms, number.atoms + 1, *parts]))
        passed = np.clip((number.free(ranks)[:, None] - low) / (high - low), 0, 1)
        passed = np.where(is_bin, passed, ranks[:, None] > low)
        below = passed @ mass / max(mass.sum(), 1e-12)
        below[-1] = 1.0
        found: NDArray[np.float64] = np.interp(units, number.lattice.values(ranks), below, left=0.0, right=1.0)
        return found

    @cached_property
    def _number(self) -> NumberGraph:
        return NumberGraph(self.options.model_copy(update={"type": ColumnType.INTEGER}), self.code.number)
