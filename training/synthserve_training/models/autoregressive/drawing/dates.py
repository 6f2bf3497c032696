"""Draws columns of dates and timestamps: the month, the day, and the time of day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, reduce

import numpy as np

from synthserve.v1.schema_pb2 import (
    COLUMN_TYPE_DATE,
    COLUMN_TYPE_TIMESTAMP,
    CONDITION_KIND_RANGE,
    Column,
    ConditionSpec,
)
from synthserve_training.models.autoregressive.drawing.columns import NO_EVIDENCE, Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.conditions import log_share
from synthserve_training.models.autoregressive.drawing.heads import MASKED, Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits, Reach, clipped
from synthserve_training.models.autoregressive.drawing.limits.moments import Moments, asked_moments
from synthserve_training.models.autoregressive.drawing.numbers import NumberGraph
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.dates import DAYS, MICROSECONDS, DateCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema

_PARTS = 2.0**24
"""Likelihoods are rounded to multiples of one over this."""


@dataclass(frozen=True)
class DateGraph:
    """A column of dates or timestamps.

    Attributes:
        options: The column.
        code: Its tokens.
    """

    options: ColumnOptions
    code: DateCode

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        kind = COLUMN_TYPE_DATE if self.code.time is None else COLUMN_TYPE_TIMESTAMP
        return column_schema(self.options, kind, nullable=self.code.missing)

    @property
    def condition(self) -> ConditionSpec:
        """A RANGE of dates."""
        first, after = int(self.code.first_days[0]), int(self.code.first_days[-1] + self.code.lengths[-1])
        return range_of_moments(self.options, first * self.scale, after * self.scale - 1, nullable=self.code.missing)

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The first and the last day or microsecond."""
        return np.float64, 2

    def evidence(
        self,
        graph: GraphBuilder,
        weights: Sequence[HeadWeights],
        condition: Value,
        likelihoods: Sequence[Value] = (),
    ) -> Evidence:
        """See `ColumnGraph`.

        A month that lies in the range in part counts as much as the share of its days that does.

        Args:
            graph: Where the nodes go.
            weights: Of the column's tokens.
            condition: On this column.
            likelihoods: Of the conditions on columns that are counted from this one, given each day, above 0 and at
                most 1: float64 [months, 31].
        """
        day = condition
        if self.code.time is not None:
            day = graph.op("Floor", graph.op("Div", condition, graph.constant(float(MICROSECONDS), np.float64)))
        low, high = graph.slice(day, 0, 1, 1), graph.slice(day, 1, 2, 1)
        firsts = self.code.first_days.astype(np.float64)[None]
        before_low = graph.sum(
            graph.cast(graph.op("LessOrEqual", graph.constant(firsts), low), np.float64), 1, keep=True
        )
        before_high = graph.sum(
            graph.cast(graph.op("LessOrEqual", graph.constant(firsts), high), np.float64), 1, keep=True
        )
        base = graph.constant(float(self.code.first_month - 1), np.float64)
        months = [
            graph.op("Where", graph.op("IsInf", end), end, graph.op("Add", count, base))
            for end, count in ((low, before_low), (high, before_high))
        ]
        days = np.arange(DAYS)[None] + self.code.first_days[:, None].astype(np.float64)
        inside = graph.op(
            "And",
            graph.op("GreaterOrEqual", graph.constant(days), low),
            graph.op("LessOrEqual", graph.constant(days), high),
        )
        # NaN, which asks for a missing value, compares as false: then the day does not matter, but must be possible.
        inside = graph.op("Or", inside, graph.op("IsNaN", low))
        of_days: Value = graph.constant(np.float32(0))
        of_cells = None
        if likelihoods:
            likelihood = reduce(lambda one, other: graph.op("Mul", one, other), likelihoods)
            of_days = graph.cast(graph.op("Log", likelihood), np.float32)
            of_cells = self._of_cells(graph, likelihood, inside)
        found = self._months.evidence_of_ranks(
            graph, weights[: len(self.code.months.tokens)], condition, months[0], months[1], of_cells
        )
        limits = dict(found.limits)
        limits["days"] = graph.op("Where", inside, of_days, graph.constant(np.float32(MASKED)))
        limits["low"], limits["high"] = graph.slice(condition, 0, 1, 1), graph.slice(condition, 1, 2, 1)
        rest = [each.embeddings[:1] for each in weights[len(self.code.months.tokens) :]]
        embedding = graph.op("Add", found.embedding, graph.constant(np.sum(rest, axis=0)))
        return Evidence(embedding, self._in_part(graph, found.mask, inside), limits)

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
        graph, count = heads.graph, len(self.code.months.tokens)
        moments = self._moments
        within = None if limits is None else moments.within(graph, evidence, limits)
        ends = None if within is None else moments.days(graph, within)
        of_months = None if ends is None else moments.months(graph, ends)
        month, validity, seen, codes = self._months.draw_rank(
            heads, weights[:count], evidence, seen, uniforms, masks, of_months
        )
        place = graph.op("Sub", month, graph.constant(self.code.first_month, np.int64))
        if validity is not None:
            place = graph.op("Mul", place, graph.cast(validity, np.int64))

        shared = RunningSum(seen.rows, self._without(graph, seen.shared, weights[: count - 1]))
        mask = masks(count)
        if ends is not None:
            inside = moments.day_mask(graph, ends, place)
            mask = inside if mask is None else graph.op("Add", mask, inside)
        day = heads.next_token(
            self.code.day, weights[count - 1 : count + 1], shared, place, evidence.limits.get("days"), mask, uniforms
        )
        row = graph.op("Add", day, graph.constant(1, np.int64))
        seen = heads.add(seen, weights[count].embeddings, self._if_present(graph, row, validity))
        days = graph.op("Add", graph.op("Gather", graph.constant(self.code.first_days), place), day)
        if self.code.time is None:
            return Drawn(Output(graph.cast(days, np.int32), validity), seen, (*codes, day), days)

        inner = RunningSum(seen.rows, self._without(graph, seen.shared, weights[: count + 1]))
        rank, _, after, time_codes = self._time.draw_rank(
            heads,
            weights[count + 1 :],
            NO_EVIDENCE,
            inner,
            uniforms,
            lambda token: masks(count + 1 + token),
            None if within is None or ends is None else moments.times(graph, within, ends, days),
        )
        micros = graph.op(
            "Add", graph.op("Mul", days, graph.constant(MICROSECONDS, np.int64)), self._time.finished(graph, rank)
        )
        drawn = after.rows
        if validity is not None:
            unknown = graph.constant(np.sum([each.embeddings[:1] for each in weights[count + 1 :]], axis=0))
            present = graph.op("Unsqueeze", validity, graph.constant([1], np.int64))
            drawn = graph.op("Where", present, after.rows or "", graph.op("Add", seen.rows or "", unknown))
        # No time of the first or the last day may be among those that the column has: the end itself is, then.
        left = asked_moments(graph, evidence) if within is None else Limits(within.low, within.high)
        values = micros if left is None else clipped(graph, micros, left)
        return Drawn(Output(values, validity), RunningSum(drawn, seen.shared), (*codes, day, *time_codes), values)

    @property
    def scale(self) -> int:
        """See `Ordered`: days or microseconds are compared."""
        return self._moments.scale

    @property
    def extent(self) -> tuple[int, int]:
        """See `Ordered`."""
        return self._moments.extent

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """See `Ordered`."""
        return self._moments.reach(graph, evidence, limits)

    def _without(self, graph: GraphBuilder, shared: Value, tokens: Sequence[HeadWeights]) -> Value:
        """The shared part of the running sum without "unknown" for some tokens."""
        if not tokens:
            return shared
        return graph.op("Sub", shared, graph.constant(np.sum([each.embeddings[:1] for each in tokens], axis=0)))

    def _if_present(self, graph: GraphBuilder, row: Value, validity: Value | None) -> Value:
        return row if validity is None else graph.op("Mul", row, graph.cast(validity, np.int64))

    def _of_cells(self, graph: GraphBuilder, likelihood: Value, inside: Value) -> Value:
        """The mean likelihood of the days of each cell that are in the range: float32 [1, cells], above 0."""
        months = self.code.months
        size = months.ordered
        in_cell = np.zeros((size, len(self.code.lengths)))
        ends = np.r_[self.code.starts[1:], self.code.last_month + 1]
        for cell, (first, after) in enumerate(zip(self.code.starts, ends, strict=True)):
            after = first + 1 if months.bin_of[cell] < 0 else after
            in_cell[cell, first - self.code.first_month : after - self.code.first_month] = 1
        of_month = np.arange(DAYS)[None] < self.code.lengths[:, None]
        counted = graph.cast(graph.op("And", inside, graph.constant(of_month)), np.float64)
        # Whole numbers, so that their sums do not depend on the order.
        parts = graph.op("Round", graph.op("Mul", likelihood, graph.constant(_PARTS, np.float64)))
        sums = [
            graph.op("MatMul", graph.constant(in_cell), graph.sum(each, 1, keep=True))
            for each in (graph.op("Mul", parts, counted), counted)
        ]
        days = graph.op(
            "Max", graph.op("Mul", sums[1], graph.constant(_PARTS, np.float64)), graph.constant(1.0, np.float64)
        )
        mean = graph.op("Div", sums[0], days)
        # Whether a cell has a day in the range is another one's to say.
        mean = graph.op("Where", graph.cast(sums[1], np.bool_), mean, graph.constant(1.0, np.float64))
        return graph.op("Reshape", graph.cast(mean, np.float32), graph.constant([1, -1], np.int64))

    def _in_part(self, graph: GraphBuilder, mask: Value | None, inside: Value) -> Value | None:
        """Adds the share of the days that are in the range to the scores of months that are atoms."""
        months, allowed = self.code.months, self.code.day.allowed
        if mask is None or allowed is None:
            return mask
        days = graph.sum(graph.cast(graph.op("And", inside, graph.constant(allowed)), np.float32), 1)
        share = graph.op("Div", days, graph.constant(self.code.lengths.astype(np.float32)))
        logs = graph.op("Concat", log_share(graph, share), graph.constant(np.zeros(1, np.float32)), axis=0)
        places = np.full(months.tokens[0].size, len(self.code.lengths), np.int64)
        atoms = months.bin_of[: months.ordered] < 0
        places[: months.ordered][atoms] = months.atoms[months.order[atoms]] - self.code.first_month
        added = graph.op("Gather", logs, graph.constant(places[:, None]))
        return graph.op("Add", mask, added)

    @property
    def lattice(self) -> tuple[int, int]:
        """Moments are this number of units, plus multiples of this one."""
        time = self.code.time
        if time is None or MICROSECONDS % time.lattice.step:
            return 0, 1
        return time.lattice.offset, time.lattice.step

    @cached_property
    def _moments(self) -> Moments:
        return Moments(self.code)

    @cached_property
    def _months(self) -> NumberGraph:
        return NumberGraph(self.options, self.code.months)

    @cached_property
    def _time(self) -> NumberGraph:
        if self.code.time is None:
            raise TypeError("a date has no time of day")
        return NumberGraph(self.options.model_copy(update={"type": ColumnType.INTEGER}), self.code.time)


def range_of_moments(options: ColumnOptions, low: int, high: int, *, nullable: bool) -> ConditionSpec:
    """The condition on a column of dates or timestamps, with its first and last moment in days or microseconds."""
    return ConditionSpec(
        column=options.name,
        kind=CONDITION_KIND_RANGE,
        nullable=nullable,
        low=_text(options, low),
        high=_text(options, high),
    )


def _text(options: ColumnOptions, units: int) -> str:
    if options.type is ColumnType.DATE:
        return (date(1970, 1, 1) + timedelta(days=units)).isoformat()
    return (datetime(1970, 1, 1) + timedelta(microseconds=units)).isoformat() + ("Z" if options.utc else "")
