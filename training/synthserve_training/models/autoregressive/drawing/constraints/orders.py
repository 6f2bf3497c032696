"""Columns whose values are ordered: within limits, in rising order, or parts of a total."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import lcm

import numpy as np

from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.constraints.scope import Scope
from synthserve_training.models.autoregressive.drawing.limits import (
    UNLIMITED,
    Conversion,
    Limits,
    floor_division,
    larger,
    smaller,
)
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.onnx_graph import Value


@dataclass(frozen=True, eq=False)
class Within(Constraint):
    """A column with a lowest and a highest value.

    Attributes:
        low: In units; None: no limit.
        high: The same.
    """

    low: int | None
    high: int | None

    compares = True

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """See `Constraint`: the limits are the same in all rows."""
        del name
        ends = [None if end is None else scope.graph.constant([end], np.int64) for end in (self.low, self.high)]
        return None, Limits(*ends)


@dataclass(frozen=True, eq=False)
class Rising(Constraint):
    """Columns whose values rise from one to the next; those that are missing do not count.

    Attributes:
        strict: Whether equal values are forbidden.
    """

    strict: bool

    compares = True

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """See `Constraint`: a value is at most as large as the largest one that each later column can have."""
        graph = scope.graph
        caps = []
        for later in self.columns[self.columns.index(name) + 1 :]:
            domain, reach = scope.domains[later], scope.reach(later)
            conversion = Conversion.between(scope.ordered(later).scale, scope.ordered(name).scale)
            if self.strict:
                cap = graph.op("Sub", conversion.up(graph, reach.high), graph.constant(1, np.int64))
            else:
                cap = conversion.down(graph, reach.high)
            binds = graph.op("And", reach.possible, graph.op("Not", domain.may_miss))
            caps.append(graph.op("Where", binds, cap, graph.constant([UNLIMITED], np.int64)))
        if not caps:
            return None, None
        return None, Limits(high=smaller(graph, *caps))

    def limits(self, scope: Scope, name: str) -> Limits | None:
        """See `Constraint`: a value is at least as large as each one before it."""
        graph = scope.graph
        lows = []
        for earlier in self.columns[: self.columns.index(name)]:
            units, valid = scope.units(earlier), scope.known[earlier].validity
            conversion = Conversion.between(scope.ordered(earlier).scale, scope.ordered(name).scale)
            if self.strict:
                low = graph.op("Add", conversion.down(graph, units), graph.constant(1, np.int64))
            else:
                low = conversion.up(graph, units)
            if valid is not None:
                low = graph.op("Where", valid, low, graph.constant(-UNLIMITED, np.int64))
            lows.append(low)
        if not lows:
            return None
        return Limits(low=larger(graph, *lows))


@dataclass(frozen=True, eq=False)
class Counted(Constraint):
    """A start, and an end that is drawn as a difference from it, which is never negative; see `DifferenceGraph`."""

    compares = True

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """See `Constraint`: a difference leads from each start to an end that is possible."""
        start, end = self.columns
        if name == end:
            return None, None
        graph, domain, reach = scope.graph, scope.domains[end], scope.reach(end)
        code = scope.columns[end].code
        if not isinstance(code, DifferenceCode):
            raise TypeError(f"{end!r} is not drawn as a difference")
        binds = graph.op("And", reach.possible, graph.op("Not", domain.may_miss))
        least, most = (graph.constant(difference, np.int64) for difference in code.extent)
        limits = Limits(
            graph.op("Where", binds, graph.op("Sub", reach.low, most), graph.constant([-UNLIMITED], np.int64)),
            graph.op("Where", binds, graph.op("Sub", reach.high, least), graph.constant([UNLIMITED], np.int64)),
        )
        if not scope.columns[start].code.missing:
            return None, limits
        size, of_end = scope.columns[start].code.tokens[0].size, code.tokens[0].size
        present = graph.constant(np.ones((size - 1, 1), np.bool_))
        missing = graph.slice(domain.codes, of_end - 1, of_end, 0)
        return graph.op("Concat", present, missing, axis=0), limits

    def mask(self, scope: Scope, name: str) -> Value | None:
        """See `Constraint`: without a start there is no end."""
        start, end = self.columns
        valid = scope.known[start].validity if name == end else None
        if valid is None:
            return None
        size = scope.columns[end].code.tokens[0].size
        is_missing = scope.graph.constant(np.arange(size)[:, None] == size - 1)
        return scope.mask(scope.graph.op("Or", valid, is_missing))


@dataclass(frozen=True, eq=False)
class Total(Constraint):
    """A total, the first column, and its parts but the last one, which is what remains. No part is below 0."""

    compares = True

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """See `Constraint`: the total is at least the sum of the smallest parts."""
        total, *parts = self.columns
        if name != total:
            return None, None
        graph, scale = scope.graph, self._scale(scope)
        least = graph.constant([0], np.int64)
        for part in parts:
            least = graph.op("Add", least, self._least(scope, part))
        factor = scale // scope.ordered(total).scale
        low = graph.op("Neg", floor_division(graph, graph.op("Neg", least), factor))
        return None, Limits(low=low)

    def limits(self, scope: Scope, name: str) -> Limits | None:
        """See `Constraint`: a part leaves enough for those after it."""
        total, *parts = self.columns
        if name == total:
            return None
        graph, scale = scope.graph, self._scale(scope)
        rest = self._drawn(scope, total, UNLIMITED)
        place = parts.index(name)
        for part in parts[:place]:
            rest = graph.op("Sub", rest, self._drawn(scope, part, 0))
        for part in parts[place + 1 :]:
            rest = graph.op("Sub", rest, self._least(scope, part))
        return Limits(high=floor_division(graph, rest, scale // scope.ordered(name).scale))

    def _scale(self, scope: Scope) -> int:
        return lcm(*self._scales(scope))

    def _scales(self, scope: Scope) -> Iterator[int]:
        return (scope.ordered(name).scale for name in self.columns)

    def _least(self, scope: Scope, name: str) -> Value:
        """The smallest value of a part, in common units; 0 where it has to be missing."""
        reach, graph = scope.reach(name), scope.graph
        return graph.op("Where", reach.possible, self._common(scope, name, reach.low), graph.constant([0], np.int64))

    def _drawn(self, scope: Scope, name: str, missing: int) -> Value:
        """What was drawn, in common units; `missing` where it is missing."""
        graph, valid = scope.graph, scope.known[name].validity
        units = self._common(scope, name, scope.units(name))
        if valid is None:
            return units
        return graph.op("Where", valid, units, graph.constant(missing, np.int64))

    def _common(self, scope: Scope, name: str, units: Value) -> Value:
        return Conversion.between(scope.ordered(name).scale, self._scale(scope)).down(scope.graph, units)
