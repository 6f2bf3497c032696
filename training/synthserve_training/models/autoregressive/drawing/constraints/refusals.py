"""Refuses conditions that contradict what holds in every row.

A node fails where they do, and is named after the reason: `refuse: ` and a sentence. The error of onnxruntime holds
that name, and `synthserve_core.compute.session` reads the sentence from it. The node is a Reshape to a size that is
right or wrong: every provider checks that.
"""

import numpy as np

from synthserve_core.compute.session import REFUSAL
from synthserve_training.models.onnx_graph import GraphBuilder, Value


def refuse_unless(graph: GraphBuilder, possible: Value, reason: str) -> Value:
    """Adds the node.

    Args:
        graph: Where it goes.
        possible: bool [1].
        reason: A sentence, without its full stop.

    Returns:
        A zero, float32 [1]: whatever it is added to cannot be computed where conditions are refused.
    """
    size = graph.op("Where", possible, graph.constant([1], np.int64), graph.constant([2], np.int64))
    return graph.op("Reshape", graph.constant([0.0], np.float32), size, name=f"{REFUSAL}{reason}")
