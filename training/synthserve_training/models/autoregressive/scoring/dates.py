"""Columns of dates and timestamps as tokens, in a graph."""

from dataclasses import dataclass, replace

import numpy as np

from synthserve_training.models.autoregressive.drawing.columns import NO_EVIDENCE
from synthserve_training.models.autoregressive.drawing.heads import MASKED
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.drawing.limits.moments import Moments
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.scoring.numbers import NumberEncoder, Ranks
from synthserve_training.models.autoregressive.tokens import UNKNOWN
from synthserve_training.models.autoregressive.tokens.dates import DAYS, MICROSECONDS, DateCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value

_ERA_DAYS, _ERA_YEARS = 146_097, 400
"""The Gregorian calendar repeats after so many days."""

_MARCH_0 = 719_468
"""Days from the first of March of year 0 to 1970-01-01."""

_ERAS = 100
"""So many eras are added before divisions, which round towards zero, so that nothing is negative."""


@dataclass(frozen=True)
class DateEncoder:
    """A column of dates, or, if its tokens have a time, of timestamps.

    Attributes:
        code: Its tokens.
    """

    code: DateCode

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are int32 days, or int64 microseconds."""
        units = days = graph.cast(values, np.int64)
        time = None
        if self.code.time:
            length = graph.constant(MICROSECONDS, np.int64)
            time = graph.op("Mod", days, length)
            days = graph.op("Div", graph.op("Sub", days, time), length)
        month, day = _month_and_day(graph, days)
        moments = Moments(self.code)
        within = None if limits is None else moments.within(graph, NO_EVIDENCE, limits)
        ends = None if within is None else moments.days(graph, within)
        of_months = None if ends is None else moments.months(graph, ends)
        months = NumberEncoder(self.code.months, whole=True).encode_ranks(graph, Ranks(month), validity, of_months)
        none = graph.constant(UNKNOWN, np.int64)
        known = graph.op("GreaterOrEqual", months.codes[0], graph.constant(0, np.int64))
        if validity is not None:
            known = graph.op("And", known, validity)

        place = graph.op("Sub", month, graph.constant(self.code.first_month, np.int64))
        last = self.code.last_month - self.code.first_month
        place = graph.op("Clip", place, graph.constant(0, np.int64), graph.constant(last, np.int64))
        # A date outside of all months counts as one of the first or last, which can be shorter.
        day = graph.op("Min", day, graph.op("Gather", graph.constant(self.code.lengths - 1), place))
        codes = [*months.codes, graph.op("Where", known, day, none)]
        contexts = [*months.contexts, place]
        masks = [] if ends is None else [*months.masks, moments.day_mask(graph, ends, place)]
        drawable, log_points, each = months.drawable, months.log_points, float(DAYS)
        if self.code.time and time is not None:
            of_times = None if within is None or ends is None else moments.times(graph, within, ends, days)
            encoded = NumberEncoder(self.code.time, whole=True).encode(graph, time, None, of_times)
            if within is not None and ends is not None:
                end = graph.op("Where", graph.op("Equal", days, ends.low), within.low, within.high)
                encoded = _settled(graph, encoded, graph.op("Equal", units, end))
            masks += encoded.masks
            codes += [graph.op("Where", known, code, none) for code in encoded.codes]
            contexts += encoded.contexts
            possible = (
                encoded.drawable if validity is None else graph.op("Or", encoded.drawable, graph.op("Not", validity))
            )
            drawable = graph.op("And", drawable, possible)
            inside = graph.op("Where", known, encoded.log_points, graph.constant(0.0, np.float64))
            log_points = graph.op("Add", log_points, inside)
            each *= max(MICROSECONDS / self.code.time.lattice.step, 1.0)
        # What is not drawn shares its probability with the other times of its month.
        floor = graph.op("Sub", months.floor, graph.constant(np.log(each), np.float64))
        return Coded(codes, contexts, drawable, floor, log_points, masks, units)


def _settled(graph: GraphBuilder, time: Coded, is_end: Value) -> Coded:
    """The time of day where limits leave none of those that the column has: `DateGraph` puts out the end of the limits.

    Args:
        graph: Where the nodes go.
        time: The time of day within limits.
        is_end: bool [batch]: whether the value is that end.
    """
    best = graph.op("ReduceMax", time.masks[0] or "", graph.constant([0], np.int64), keepdims=0)
    settled = graph.op("Less", best, graph.constant(np.float32(MASKED / 2)))
    unknown = graph.constant(UNKNOWN, np.int64)
    drawable = graph.op(
        "Or", graph.op("And", settled, is_end), graph.op("And", graph.op("Not", settled), time.drawable)
    )
    return replace(
        time,
        codes=[graph.op("Where", settled, unknown, code) for code in time.codes],
        drawable=drawable,
        log_points=graph.op("Where", settled, graph.constant(0.0, np.float64), time.log_points),
    )


def _month_and_day(graph: GraphBuilder, days: Value) -> tuple[Value, Value]:
    """The month, counted from January of year 0, and the day in it, from 0, of days since 1970-01-01.

    Years begin in March here, so that the leap day is the last one; see Hinnant 2021, "chrono-Compatible Low-Level Date
    Algorithms".
    """

    def number(value: int) -> Value:
        return graph.constant(value, np.int64)

    def times(value: Value, factor: int) -> Value:
        return graph.op("Mul", value, number(factor))

    def over(value: Value, divisor: int) -> Value:
        return graph.op("Div", value, number(divisor))

    most = number(_ERAS * _ERA_DAYS - _MARCH_0)
    days = graph.op("Clip", days, graph.op("Neg", most), most)
    shifted = graph.op("Add", days, number(_MARCH_0 + _ERAS * _ERA_DAYS))
    era = over(shifted, _ERA_DAYS)
    of_era = graph.op("Sub", shifted, times(era, _ERA_DAYS))
    leaps = graph.op("Sub", graph.op("Sub", over(of_era, 36_524), over(of_era, 1_460)), over(of_era, _ERA_DAYS - 1))
    year = over(graph.op("Add", of_era, leaps), 365)
    before = graph.op("Sub", graph.op("Add", times(year, 365), over(year, 4)), over(year, 100))
    of_year = graph.op("Sub", of_era, before)
    month = over(graph.op("Add", times(of_year, 5), number(2)), 153)
    day = graph.op("Sub", of_year, over(graph.op("Add", times(month, 153), number(2)), 5))
    years = graph.op("Add", times(graph.op("Sub", era, number(_ERAS)), _ERA_YEARS), year)
    return graph.op("Add", times(years, 12), graph.op("Add", month, number(2))), day
