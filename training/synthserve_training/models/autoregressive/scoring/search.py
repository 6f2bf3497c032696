"""Binary search in ONNX, which has no operator for it."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.onnx_graph import GraphBuilder, Value

_LARGEST = np.iinfo(np.int64).max


def count_up_to(graph: GraphBuilder, bounds: NDArray[np.int64], values: Value) -> Value:
    """How many of some rising numbers are at most as large as each value.

    Args:
        graph: Where the nodes go.
        bounds: [m], rising, less than the largest int64.
        values: int64 [batch].

    Returns:
        int64 [batch], from 0 to m.
    """
    step = 1 << len(bounds).bit_length()
    table = graph.constant(np.r_[bounds, np.full(step - 1 - len(bounds), _LARGEST)].astype(np.int64))
    found = graph.op("Mul", values, graph.constant(0, np.int64))
    while step > 1:
        step //= 2
        tried = graph.op("Gather", table, graph.op("Add", found, graph.constant(step - 1, np.int64)))
        passed = graph.cast(graph.op("LessOrEqual", tried, values), np.int64)
        found = graph.op("Add", found, graph.op("Mul", passed, graph.constant(step, np.int64)))
    return graph.op("Min", found, graph.constant(len(bounds), np.int64))
