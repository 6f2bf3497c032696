"""Heads in whole numbers, in ONNX."""

import numpy as np

from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.exact.weights import (
    FARTHEST,
    LARGEST_ACTIVATION,
    LARGEST_POWER,
    LARGEST_STATE,
    STEPS,
    ExactHead,
    powers,
)
from synthserve_training.models.autoregressive.weights import HeadWeights, Weights
from synthserve_training.models.onnx_graph import GraphBuilder, Value


class ExactHeads(Heads):
    """Heads of `ExactHead` weights. All sums are exact, so neither their order nor the batch matters."""

    def first(self, weights: HeadWeights, seen: RunningSum) -> Value:
        """See `Heads`."""
        graph = self._graph
        state = seen.shared if seen.rows is None else graph.op("Add", seen.rows, seen.shared)
        state = self._floor(state, -LARGEST_STATE, LARGEST_STATE)
        return graph.op("Gemm", state, *(graph.constant(array) for array in weights.first))

    def activated(self, values: Value) -> Value:
        """See `Heads`."""
        return self._floor(values, 0, LARGEST_ACTIVATION)

    def in_units(self, logarithms: Value) -> Value:
        """See `Heads`."""
        return self._graph.op("Round", self._graph.op("Mul", logarithms, self._graph.constant(np.float32(STEPS))))

    def relative(self, scores: Value) -> Value:
        """See `Heads`: the weights, int32."""
        graph = self._graph
        top = graph.op("ReduceMax", scores, graph.constant([0], np.int64), keepdims=1)
        below = graph.op("Min", graph.op("Sub", top, scores), graph.constant(np.float32(FARTHEST)))
        # GatherElements looks up one number of a list ten times as fast as Gather.
        flat = graph.op("Reshape", graph.cast(below, np.int32), graph.constant([-1], np.int64))
        found = graph.op("GatherElements", graph.constant(powers()), flat, axis=0)
        return graph.op("Reshape", found, graph.op("Shape", scores))

    def powers(self, relative: Value) -> Value:
        """See `Heads`."""
        return relative

    def logarithms(self, relative: Value) -> Value:
        """See `Heads`. What is not allowed has a finite logarithm, too."""
        graph = self._graph
        powers = graph.op("Max", graph.cast(relative, np.float64), graph.constant(1 / LARGEST_POWER, np.float64))
        return graph.op("Log", powers)

    def goal(self, total: Value, uniforms: Uniforms) -> Value:
        """See `Heads`."""
        graph = self._graph
        product = graph.op("Mul", uniforms.whole(), graph.cast(total, np.int64))
        return graph.cast(graph.op("Div", product, graph.constant(2**24, np.int64)), np.int32)

    def _floor(self, values: Value, low: int, high: int) -> Value:
        graph = self._graph
        return graph.op("Clip", graph.op("Floor", values), *(graph.constant(np.float32(end)) for end in (low, high)))


def heads_of(graph: GraphBuilder, weights: Weights) -> Heads:
    """The heads that these weights are for."""
    return ExactHeads(graph) if all(isinstance(head, ExactHead) for head in weights) else Heads(graph)
