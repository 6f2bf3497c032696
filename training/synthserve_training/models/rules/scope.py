"""What the nodes of one rule share: the graph, the row, and its uniform numbers, one after the other."""

from functools import cached_property

import numpy as np

from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules.contract import Row


class Scope:
    """The graph and the noise of one rule.

    Attributes:
        graph: The graph that grows.
        row: What the rule may use.
    """

    def __init__(self, graph: GraphBuilder, row: Row, uniforms: int) -> None:
        """Takes the uniform numbers of the rule.

        Args:
            graph: The graph that grows.
            row: What the rule may use.
            uniforms: How many uniform numbers the rule takes.
        """
        self.graph = graph
        self.row = row
        self._taken = 0
        self._count = uniforms
        self._source = row.uniforms(uniforms) if uniforms else ""

    @cached_property
    def _uniforms(self) -> Value:
        return self.graph.cast(self._source, np.float64)

    @cached_property
    def batch(self) -> Value:
        """The number of rows, int64 [1]."""
        return self.graph.op("Shape", self._source or self.row.index, start=0, end=1)

    @cached_property
    def positions(self) -> Value:
        """The position of each row in the batch, int64 [batch]. Only for finding rows again, never for values."""
        scalar = self.graph.op("Squeeze", self.batch)
        return self.graph.op("Range", self.graph.constant(0, np.int64), scalar, self.graph.constant(1, np.int64))

    def uniform(self) -> Value:
        """The next uniform number: float64 [batch], a multiple of 2^-24 in [0, 1)."""
        start = self._advance(1)
        return self.graph.op("Gather", self._uniforms, self.graph.constant(start, np.int64), axis=1)

    def several(self, count: int) -> Value:
        """The next uniform numbers: float64 [batch, count]."""
        start = self._advance(count)
        whole = start == 0 and count == self._count
        return self._uniforms if whole else self.graph.slice(self._uniforms, start, start + count, 1)

    def _advance(self, count: int) -> int:
        start, self._taken = self._taken, self._taken + count
        if self._taken > self._count:
            raise AssertionError(f"the rule takes more than the {self._count} uniform numbers that it asked for")
        return start
