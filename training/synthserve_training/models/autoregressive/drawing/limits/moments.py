"""Limits on dates and timestamps: which months, days and times of day they leave."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.columns import Evidence
from synthserve_training.models.autoregressive.drawing.heads import MASKED
from synthserve_training.models.autoregressive.drawing.limits import (
    UNLIMITED,
    Limits,
    Reach,
    ceiling_division,
    floor_division,
    intersection,
    larger,
    smaller,
)
from synthserve_training.models.autoregressive.tokens.dates import DAYS, MICROSECONDS, DateCode, first_day
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class Span:
    """The units from `low` to `high`, int64 [batch] or [1]; see `Limits`."""

    low: Value
    high: Value


@dataclass(frozen=True)
class Moments:
    """The moments that a column of dates or timestamps can have. Their units are days or microseconds since 1970-01-01.

    Attributes:
        code: The tokens of the column.
    """

    code: DateCode

    @property
    def scale(self) -> int:
        """How many units a day has."""
        return MICROSECONDS if self.code.time is not None else 1

    @property
    def extent(self) -> tuple[int, int]:
        """The first and the last moment."""
        first, last = int(self._firsts[0]), int(self._lasts[-1])
        return first * self.scale, (last + 1) * self.scale - 1

    def within(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Span:
        """The moments that conditions and limits leave; those of timestamps end at times that the column can have."""
        told = asked_moments(graph, evidence)
        found = intersection(graph, [limits] if told is None else [told, limits]) or limits
        unlimited = graph.constant([UNLIMITED], np.int64)
        low = graph.op("Neg", unlimited) if found.low is None else self._aligned(graph, found.low, up=True)
        high = unlimited if found.high is None else self._aligned(graph, found.high, up=False)
        return Span(low, high)

    def days(self, graph: GraphBuilder, within: Span) -> Span:
        """The first and the last day of moments."""
        return Span(floor_division(graph, within.low, self.scale), floor_division(graph, within.high, self.scale))

    def months(self, graph: GraphBuilder, days: Span) -> Limits:
        """The months of days; before the first or after the last one where the days are."""
        start = int(self.code.first_days[0])
        table = np.repeat(np.arange(self.code.first_month, self.code.last_month + 1), self.code.lengths)
        table = np.r_[self.code.first_month - 1, table, self.code.last_month + 1]
        found = []
        for day in (days.low, days.high):
            place = graph.op("Sub", day, graph.constant(start - 1, np.int64))
            place = larger(graph, place, graph.constant(0, np.int64))
            place = smaller(graph, place, graph.constant(len(table) - 1, np.int64))
            found.append(graph.op("Gather", graph.constant(table, np.int64), place))
        return Limits(*found)

    def day_mask(self, graph: GraphBuilder, days: Span, month: Value) -> Value:
        """What is added to the scores of the days of drawn months, float32 [31, batch].

        Args:
            graph: Where the nodes go.
            days: The days that are left.
            month: int64 [batch]: the number of the month among those that can be drawn.
        """
        first = graph.op("Gather", graph.constant(self.code.first_days), month)
        day = graph.op("Add", first, graph.constant(np.arange(DAYS)[:, None], np.int64))
        inside = graph.op("And", graph.op("GreaterOrEqual", day, days.low), graph.op("LessOrEqual", day, days.high))
        return graph.op("Where", inside, graph.constant(np.float32(0)), graph.constant(np.float32(MASKED)))

    def times(self, graph: GraphBuilder, within: Span, days: Span, day: Value) -> Limits:
        """The times of day that are left of drawn days, int64 [batch]."""
        size = graph.constant(MICROSECONDS, np.int64)
        start = graph.op("Mul", day, size)
        low, high = graph.op("Sub", within.low, start), graph.op("Sub", within.high, start)
        return Limits(
            graph.op("Where", graph.op("Equal", day, days.low), low, graph.constant(0, np.int64)),
            graph.op("Where", graph.op("Equal", day, days.high), high, size),
        )

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """The first and the last moment that can be drawn, [1]."""
        within = self.within(graph, evidence, limits)
        days = self.days(graph, within)
        count = len(self._firsts)
        passed = self._count(graph, self._lasts, "Less", days.low)
        reached = self._count(graph, self._firsts, "LessOrEqual", days.high)
        one, last = graph.constant(1, np.int64), graph.constant(count - 1, np.int64)
        first_day = graph.op("Gather", graph.constant(self._firsts), smaller(graph, passed, last))
        last_day = graph.op(
            "Gather",
            graph.constant(self._lasts),
            larger(graph, graph.op("Sub", reached, one), graph.constant(0, np.int64)),
        )
        low, high = larger(graph, days.low, first_day), smaller(graph, days.high, last_day)
        possible = graph.op("And", graph.op("LessOrEqual", low, high), graph.op("Less", passed, reached))
        if self.code.time is not None:
            size = graph.constant(MICROSECONDS, np.int64)
            ends = graph.op("Sub", graph.op("Mul", graph.op("Add", high, one), size), one)
            low = larger(graph, within.low, self._aligned(graph, graph.op("Mul", low, size), up=True))
            high = smaller(graph, within.high, self._aligned(graph, ends, up=False))
            possible = graph.op("And", possible, graph.op("LessOrEqual", low, high))
        return Reach(low, high, possible)

    def _aligned(self, graph: GraphBuilder, micros: Value, *, up: bool) -> Value:
        """The next moment, or the one before, at a time of day that the column can have."""
        time = self.code.time
        if time is None or time.lattice.step == 1 or MICROSECONDS % time.lattice.step:
            return micros
        offset, step = (graph.constant(each, np.int64) for each in (time.lattice.offset, time.lattice.step))
        divided = ceiling_division if up else floor_division
        steps = divided(graph, graph.op("Sub", micros, offset), time.lattice.step)
        return graph.op("Add", graph.op("Mul", steps, step), offset)

    def _count(self, graph: GraphBuilder, days: NDArray[np.int64], comparison: str, limit: Value) -> Value:
        passed = graph.cast(graph.op(comparison, graph.constant(days), limit), np.int64)
        return graph.sum(passed, 0, keep=True)

    @cached_property
    def _possible(self) -> NDArray[np.int64]:
        """The months that can be drawn, rising."""
        months = self.code.months
        if not len(months.edges):
            return months.atoms
        return np.sort(np.r_[months.atoms, months.point(np.arange(months.edges[0, 0], months.edges[-1, -1]))])

    @cached_property
    def _firsts(self) -> NDArray[np.int64]:
        return first_day(self._possible)

    @cached_property
    def _lasts(self) -> NDArray[np.int64]:
        return first_day(self._possible + 1) - 1


def asked_moments(graph: GraphBuilder, evidence: Evidence) -> Limits | None:
    """The moments that the condition on a column leaves, [1]; None: all."""
    asked = [
        Limits(**{end: _whole(graph, evidence.limits[end], none)})
        for end, none in (("low", -UNLIMITED), ("high", UNLIMITED))
        if end in evidence.limits
    ]
    return intersection(graph, asked)


def _whole(graph: GraphBuilder, end: Value, none: int) -> Value:
    """The end of a condition, float64 [1, 1], as units, int64 [1]; `none` where it asks for a missing value."""
    widest = graph.constant(float(UNLIMITED), np.float64)
    held = graph.op("Min", graph.op("Max", end, graph.op("Neg", widest)), widest)
    known = graph.op("Where", graph.op("IsNaN", end), graph.constant(float(none), np.float64), held)
    return graph.op("Reshape", graph.cast(known, np.int64), graph.constant([1], np.int64))
