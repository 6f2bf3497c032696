"""Heads in whole numbers, in ONNX."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.exact.weights import (
    FARTHEST,
    LARGEST_POWER,
    LARGEST_STATE,
    STEPS,
    ExactHead,
    powers,
    unit,
)
from synthserve_training.models.autoregressive.weights import HeadWeights, Weights
from synthserve_training.models.onnx_graph import GraphBuilder, Value


class ExactHeads(Heads):
    """Heads of `ExactHead` weights. All sums are exact, so neither their order nor the batch matters."""

    def hidden(self, weights: HeadWeights, seen: RunningSum) -> Value:
        """See `Heads`.

        The layers are written in the form for which runtimes have products of bytes (quantise, dequantise). Computed
        in float32 they give the same numbers, as no sum exceeds what is exact there.
        """
        graph, one = self._graph, self._graph.constant(np.float32(1))
        state = seen.shared if seen.rows is None else graph.op("Add", seen.rows, seen.shared)
        zero = graph.constant(np.uint8(LARGEST_STATE))
        values = graph.op("DequantizeLinear", graph.op("QuantizeLinear", state, one, zero), one, zero)
        zero = graph.constant(np.uint8(0))
        for kernel, biases in (weights.first, weights.second):
            sums = graph.op("Gemm", values, *self._layer(kernel, biases))
            values = graph.op("DequantizeLinear", graph.op("QuantizeLinear", sums, one, zero), one, zero)
        return values

    def _layer(self, kernel: NDArray[np.float32], biases: NDArray[np.float32]) -> tuple[Value, Value]:
        """The kernel and the biases of a hidden layer, dequantised from int8 and int32.

        They share one scale, as onnxruntime has no scales of columns on GPUs. It recognises a layer only with zero
        points, even where they are 0.
        """
        graph, step = self._graph, unit(kernel, biases)
        scale = graph.constant(np.float32(step))
        found = [
            graph.op("DequantizeLinear", graph.constant(values / step, dtype), scale, graph.constant(0, dtype))
            for values, dtype in ((kernel, np.int8), (biases, np.int32))
        ]
        return found[0], found[1]

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


def heads_of(graph: GraphBuilder, weights: Weights) -> Heads:
    """The heads that these weights are for."""
    return ExactHeads(graph) if all(isinstance(head, ExactHead) for head in weights) else Heads(graph)
