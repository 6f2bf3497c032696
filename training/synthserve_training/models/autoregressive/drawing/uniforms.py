"""The uniform numbers of a row, which everything random in a graph is made of."""

from functools import cached_property

import numpy as np

from synthserve_training.models.onnx_graph import GraphBuilder, Value

BELOW_ONE = np.float32(1 - 2.0**-23)
"""What uniform numbers are scaled with before they select a code."""


class Uniforms:
    """Hands out the uniform numbers of a row, one after the other."""

    def __init__(self, graph: GraphBuilder, noise: str) -> None:
        """Takes them from an input, float32 [batch, count]; whoever adds the input asks for `count` at the end."""
        self._graph, self._noise = graph, noise
        self.count = 0

    def for_code(self) -> Value:
        """The next number, for `Heads.draw`: float32 [1, batch]."""
        self.count += 1
        return self._graph.slice(self._scaled, self.count - 1, self.count, 0)

    def whole(self) -> Value:
        """The next number, times 2^24: int64 [1, batch]."""
        self.count += 1
        value = self._graph.slice(self._columns, self.count - 1, self.count, 0)
        return self._graph.cast(self._graph.op("Mul", value, self._graph.constant(np.float32(2**24))), np.int64)

    def double(self, *, fine: bool = False) -> Value:
        """The next number, or two for one with 48 bits: float64 [batch]."""
        graph, flat = self._graph, self._graph.constant([-1], np.int64)
        self.count += 1
        value = graph.cast(
            graph.op("Reshape", graph.slice(self._columns, self.count - 1, self.count, 0), flat), np.float64
        )
        if not fine:
            return value
        small = graph.op("Mul", self.double(), graph.constant(2.0**-24, np.float64))
        return graph.op("Add", value, small)

    def rows(self, count: int) -> Value:
        """The next numbers as they come: float32 [batch, count]."""
        self.count += count
        return self._graph.op("Transpose", self._graph.slice(self._columns, self.count - count, self.count, 0))

    @cached_property
    def _columns(self) -> Value:
        return self._graph.op("Transpose", self._noise)

    @cached_property
    def _scaled(self) -> Value:
        return self._graph.op("Mul", self._columns, self._graph.constant(BELOW_ONE))
