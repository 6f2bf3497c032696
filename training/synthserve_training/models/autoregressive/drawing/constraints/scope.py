"""What constraints know while a graph is built: what conditions leave of each column, and its values so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from synthserve_training.models.autoregressive.drawing.columns import ColumnGraph, Evidence, Ordered
from synthserve_training.models.autoregressive.drawing.heads import MASKED
from synthserve_training.models.autoregressive.drawing.limits import Limits, Reach, intersection
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class Domain:
    """What the rows of a request can have in a column, by its conditions and by the constraints with later columns.

    Attributes:
        codes: bool [K, 1]: the codes of the first token that are possible.
        reach: Of a column whose values are ordered: the lowest and the highest one.
        limits: The limits that `reach` keeps.
        may_miss: bool [1]: whether a value may be missing in a row, whatever its other columns are.
        narrowed: Whether a constraint forbids codes; else `codes` are those of the condition.
    """

    codes: Value
    reach: Reach | None
    limits: Limits | None
    may_miss: Value
    narrowed: bool


@dataclass(frozen=True)
class Known:
    """A column of the rows whose value is known.

    Attributes:
        codes: int64 [batch], of each token.
        units: int64 [batch], if its values are ordered; see `limits`.
        validity: bool [batch]; None: no value is missing.
    """

    codes: Sequence[Value]
    units: Value | None
    validity: Value | None


@dataclass
class Scope:
    """A graph that is being built.

    Attributes:
        graph: The graph.
        columns: The columns that are drawn, by name, in that order.
        evidence: What conditions say about each.
        domains: Of the columns that were looked at so far: from the last one to the first.
        known: The columns whose values are known so far.
    """

    graph: GraphBuilder
    columns: Mapping[str, ColumnGraph]
    evidence: Mapping[str, Evidence]
    domains: dict[str, Domain] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    kept: dict[tuple[object, int], Value] = field(default_factory=dict)
    """What a constraint keeps for itself, by the constraint and a number of its own."""

    def ordered(self, name: str) -> Ordered:
        """A column whose values are ordered."""
        column: Ordered = self.columns[name]  # type: ignore[assignment]  # constraints are checked before
        return column

    def domain(
        self, name: str, codes: Sequence[Value], limits: Sequence[Limits], *, is_ordered: bool, may_be_denied: bool
    ) -> Domain:
        """The domain of a column.

        Args:
            name: The column.
            codes: bool [K, 1]: what constraints leave of its codes.
            limits: [1]: what constraints leave of its values.
            is_ordered: Whether a constraint compares its values.
            may_be_denied: Whether a constraint may forbid that its value is missing, depending on the row.
        """
        graph, column = self.graph, self.columns[name]
        size = column.code.tokens[0].size
        possible = graph.constant(np.ones((size, 1), np.bool_))
        mask = self.evidence[name].mask
        if mask is not None:
            possible = graph.op("Greater", mask, graph.constant(np.float32(MASKED / 2)))
        for each in codes:
            possible = graph.op("And", possible, each)
        reach, narrowed = None, bool(codes)
        found = intersection(graph, limits)
        present = np.arange(size)[:, None] < size - int(column.code.missing)
        if is_ordered:
            reach = self.ordered(name).reach(graph, self.evidence[name], found or Limits())
            # There is no value to be had: it has to be missing.
            left = graph.op("Or", reach.possible, graph.constant(~present))
            possible = graph.op("And", possible, left)
            any_present = self.any(graph.op("And", possible, graph.constant(present)))
            reach = Reach(reach.low, reach.high, graph.op("And", reach.possible, any_present))
        may_miss = graph.constant([False])
        if column.code.missing and not may_be_denied:
            may_miss = self.any(graph.slice(possible, size - 1, size, 0))
        return Domain(possible, reach, found, may_miss, narrowed)

    def units(self, name: str) -> Value:
        """The known values of a column whose values are ordered: int64 [batch].

        Raises:
            TypeError: The column has no order.
        """
        units = self.known[name].units
        if units is None:
            raise TypeError(f"the values of {name!r} are not ordered")
        return units

    def reach(self, name: str) -> Reach:
        """What all rows can have in a column whose values are ordered.

        Raises:
            TypeError: No constraint compares its values.
        """
        reach = self.domains[name].reach
        if reach is None:
            raise TypeError(f"the values of {name!r} are not compared")
        return reach

    def any(self, true: Value) -> Value:
        """Whether any of a shared tensor of bool is true: bool [1]."""
        flat = self.graph.op("Reshape", self.graph.cast(true, np.int32), self.graph.constant([-1], np.int64))
        return self.graph.cast(
            self.graph.op("ReduceMax", flat, self.graph.constant([0], np.int64), keepdims=1), np.bool_
        )

    def mask(self, allowed: Value) -> Value:
        """What is added to scores: float32, of the shape of `allowed`, bool."""
        graph = self.graph
        return graph.op("Where", allowed, graph.constant(np.float32(0)), graph.constant(np.float32(MASKED)))
