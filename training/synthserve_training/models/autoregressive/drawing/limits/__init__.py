"""Limits: the lowest and the highest value that a row may have in a column whose values are ordered.

Values are compared as whole numbers of units, so that comparisons are exact. A number with two decimals counts
hundredths, a date counts days, and a timestamp microseconds since 1970-01-01. The `scale` of a column says how many
units one is: 100, 1, and 86,400,000,000 (one is a day where dates are compared with timestamps).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np

from synthserve_training.models.onnx_graph import GraphBuilder, Value

UNLIMITED = 2**62
"""No limit: beyond all units."""


@dataclass(frozen=True)
class Limits:
    """The units that are possible, both ends included. There are none where `low` is above `high`.

    Attributes:
        low: int64 [batch], or [1] where it is the same for all rows; None: no limit.
        high: The same.
    """

    low: Value | None = None
    high: Value | None = None


def intersection(graph: GraphBuilder, limits: Sequence[Limits]) -> Limits | None:
    """What several limits leave; None: everything."""
    lows = [each.low for each in limits if each.low is not None]
    highs = [each.high for each in limits if each.high is not None]
    if not lows and not highs:
        return None
    return Limits(
        larger(graph, *lows) if lows else None,
        smaller(graph, *highs) if highs else None,
    )


def larger(graph: GraphBuilder, *values: Value) -> Value:
    """The largest of int64 values.

    Max and Min of onnxruntime 1.31 are wrong for int64 beyond 2^31 (comparisons are right).
    """
    return reduce(lambda one, other: graph.op("Where", graph.op("Less", one, other), other, one), values)


def smaller(graph: GraphBuilder, *values: Value) -> Value:
    """The smallest of int64 values; see `larger`."""
    return reduce(lambda one, other: graph.op("Where", graph.op("Less", other, one), other, one), values)


def clipped(graph: GraphBuilder, value: Value, limits: Limits) -> Value:
    """The nearest int64 values within limits."""
    if limits.low is not None:
        value = larger(graph, value, limits.low)
    return value if limits.high is None else smaller(graph, value, limits.high)


def floor_division(graph: GraphBuilder, value: Value, divisor: int) -> Value:
    """Divides int64 by a positive number, and rounds down."""
    if divisor == 1:
        return value
    by = graph.constant(divisor, np.int64)
    return graph.op("Div", graph.op("Sub", value, graph.op("Mod", value, by)), by)


def ceiling_division(graph: GraphBuilder, value: Value, divisor: int) -> Value:
    """Divides int64 by a positive number, and rounds up."""
    if divisor == 1:
        return value
    return graph.op("Neg", floor_division(graph, graph.op("Neg", value), divisor))


@dataclass(frozen=True)
class Conversion:
    """From the units of one column to those of another.

    Attributes:
        factor: Units are multiplied by it,
        divisor: and then divided by this.
    """

    factor: int
    divisor: int

    @classmethod
    def between(cls, scale: int, other: int) -> "Conversion":
        """From units of which one has `scale`, to those of which it has `other`."""
        common = gcd(scale, other)
        return cls(other // common, scale // common)

    def down(self, graph: GraphBuilder, units: Value) -> Value:
        """The other units, rounded down: int64."""
        return floor_division(graph, self._multiplied(graph, units), self.divisor)

    def up(self, graph: GraphBuilder, units: Value) -> Value:
        """The other units, rounded up: int64."""
        return ceiling_division(graph, self._multiplied(graph, units), self.divisor)

    def _multiplied(self, graph: GraphBuilder, units: Value) -> Value:
        return units if self.factor == 1 else graph.op("Mul", units, graph.constant(self.factor, np.int64))


@dataclass(frozen=True)
class Reach:
    """What a column can have in any row, by its cells and by conditions.

    Attributes:
        low: int64 [1], in units: the lowest value; it can be drawn.
        high: The same, the highest.
        possible: bool [1]: whether there is a value at all; `low` and `high` mean nothing where there is none.
    """

    low: Value
    high: Value
    possible: Value
