"""Binary search in ONNX, which has no operator for it."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.onnx_graph import GraphBuilder, Value

_LARGEST = np.iinfo(np.int64).max


def count_up_to(graph: GraphBuilder, bounds: NDArray[np.int64], values: Value, table: Value | None = None) -> Value:
    """How many of some rising numbers are at most as large as each value.

    Args:
        graph: Where the nodes go.
        bounds: [m], or [tables, m] where rows have different ones; rising. Those of values that never occur, such as
            the largest int64, fill up a table that has fewer.
        values: int64 [batch], less than the largest int64.
        table: int64 [batch]: the table of each value; None: there is but one.

    Returns:
        int64 [batch], from 0 to m.
    """
    length = bounds.shape[-1]
    step = 1 << length.bit_length()
    padding = np.full((*bounds.shape[:-1], step - 1 - length), _LARGEST)
    flat = graph.constant(np.concatenate([bounds, padding], axis=-1).reshape(-1).astype(np.int64))
    start = None if table is None else graph.op("Mul", table, graph.constant(step - 1, np.int64))
    found = graph.op("Mul", values, graph.constant(0, np.int64))
    while step > 1:
        step //= 2
        place = graph.op("Add", found, graph.constant(step - 1, np.int64))
        tried = graph.op("Gather", flat, place if start is None else graph.op("Add", start, place))
        passed = graph.cast(graph.op("LessOrEqual", tried, values), np.int64)
        found = graph.op("Add", found, graph.op("Mul", passed, graph.constant(step, np.int64)))
    return graph.op("Min", found, graph.constant(length, np.int64))
