"""Computes formulas in a graph; `expressions.computed` does the same with NumPy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import floor_division
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.tables.constraints.expressions import (
    MICROSECONDS,
    TEMPORAL,
    Constant,
    Day,
    Expression,
    Name,
    Operation,
    columns,
)

_OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "floor": "Floor"}
_EPOCH = 719_468
"""Days from 0000-03-01 to 1970-01-01."""

_THURSDAY = 3


@dataclass(frozen=True)
class Moment:
    """Dates or timestamps of a column.

    Attributes:
        units: int64 [batch]: days or microseconds since 1970-01-01.
        scale: How many units a day has.
    """

    units: Value
    scale: int


class Formulas:
    """Adds the nodes of formulas to a graph."""

    def __init__(self, graph: GraphBuilder, numbers: Mapping[str, Value], moments: Mapping[str, Moment]) -> None:
        """Computes with these columns.

        Args:
            graph: Where the nodes go.
            numbers: int64 or float64 [batch], by the name of the column.
            moments: The columns of dates and timestamps.
        """
        self._graph, self._numbers, self._moments = graph, numbers, moments
        self._functions: Mapping[str, Callable[..., Value]] = {
            "year": lambda moment: self._civil(moment)[0],
            "month": lambda moment: self._civil(moment)[1],
            "day": lambda moment: self._civil(moment)[2],
            "hour": lambda moment: self._of_day(moment, 3_600_000_000, 24),
            "minute": lambda moment: self._of_day(moment, 60_000_000, 60),
            "weekday": lambda moment: self._modulo(self._add(self._day(moment), _THURSDAY), 7),
            "years": self._years,
            "days": lambda start, stop: graph.op("Sub", self._day(stop), self._day(start)),
        }

    def computed(self, expression: Expression) -> Value:
        """The value of a formula: float64 [batch], or a constant."""
        graph = self._graph
        match expression:
            case Constant(value):
                return graph.constant(value, np.float64)
            case Name(column):
                return graph.cast(self._numbers[column], np.float64)
            case Operation("round", (inner,), decimals):
                return self.rounded(self.computed(inner), decimals)
            case Operation(function, arguments) if function in TEMPORAL:
                return graph.cast(self._functions[function](*map(self._moment, arguments)), np.float64)
            case Operation(function, arguments):
                return graph.op(_OPERATORS[function], *map(self.computed, arguments))
            case Day():
                raise AssertionError("a date is no number")

    def rounded(self, value: Value, decimals: int) -> Value:
        """Rounds to decimals, halves to even."""
        graph = self._graph
        if decimals == 0:
            return graph.op("Round", value)
        scale = graph.constant(10.0**decimals, np.float64)
        return graph.op("Div", graph.op("Round", graph.op("Mul", value, scale)), scale)

    def _moment(self, expression: Expression) -> Moment:
        if isinstance(expression, Day):
            return Moment(self._graph.constant([expression.days], np.int64), 1)
        (name,) = columns(expression)
        return self._moments[name]

    def _day(self, moment: Moment) -> Value:
        return floor_division(self._graph, moment.units, moment.scale)

    def _of_day(self, moment: Moment, size: int, count: int) -> Value:
        if moment.scale != MICROSECONDS:
            return self._graph.op("Mul", moment.units, self._graph.constant(0, np.int64))
        return self._modulo(floor_division(self._graph, moment.units, size), count)

    def _years(self, start: Moment, stop: Moment) -> Value:
        graph = self._graph
        (year, month, day), (last_year, last_month, last_day) = self._civil(start), self._civil(stop)
        months = self._add(self._times(graph.op("Sub", last_year, year), 12), graph.op("Sub", last_month, month))
        early = graph.cast(graph.op("Less", last_day, day), np.int64)
        return floor_division(graph, graph.op("Sub", months, early), 12)

    def _civil(self, moment: Moment) -> tuple[Value, Value, Value]:
        """Year, month and day.

        Years are counted from March on, so that the leap day is their last one. Then the day of the year gives the
        month by a linear formula, as five months in a row have 153 days (Richards, "Explanatory Supplement to the
        Astronomical Almanac", 2013, chapter 15).
        """
        graph = self._graph
        days = self._add(self._day(moment), _EPOCH)
        era = floor_division(graph, days, 146_097)
        of_era = graph.op("Sub", days, self._times(era, 146_097))
        leap = self._add(self._add(of_era, self._divided(of_era, 36_524)), self._negative(self._divided(of_era, 1_460)))
        year_of_era = self._divided(self._add(leap, self._negative(self._divided(of_era, 146_096))), 365)
        before = self._add(self._times(year_of_era, 365), self._divided(year_of_era, 4))
        before = self._add(before, self._negative(self._divided(year_of_era, 100)))
        of_year = graph.op("Sub", of_era, before)
        from_march = self._divided(self._add(self._times(of_year, 5), 2), 153)
        first = self._divided(self._add(self._times(from_march, 153), 2), 5)
        day = self._add(graph.op("Sub", of_year, first), 1)
        month = self._add(self._modulo(self._add(from_march, 2), 12), 1)
        early = graph.cast(graph.op("Less", month, graph.constant(3, np.int64)), np.int64)
        year = self._add(self._add(year_of_era, self._times(era, 400)), early)
        return year, month, day

    def _add(self, value: Value, other: Value | int) -> Value:
        return self._graph.op("Add", value, self._graph.constant(other, np.int64) if isinstance(other, int) else other)

    def _times(self, value: Value, factor: int) -> Value:
        return self._graph.op("Mul", value, self._graph.constant(factor, np.int64))

    def _negative(self, value: Value) -> Value:
        return self._graph.op("Neg", value)

    def _divided(self, value: Value, divisor: int) -> Value:
        """Divides numbers from 0 on, and rounds down."""
        return self._graph.op("Div", value, self._graph.constant(divisor, np.int64))

    def _modulo(self, value: Value, divisor: int) -> Value:
        return self._graph.op("Mod", value, self._graph.constant(divisor, np.int64))
