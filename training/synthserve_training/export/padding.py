"""Transposed convolutions with the same padding on all sides, the only ones that onnxruntime's CUDA provider computes.

Others it leaves to the processor, with a copy there and back. TensorFlow's "same" padding is uneven for an odd kernel
with an even stride.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

_TO_THE_END = 2**31 - 1


def evenly_padded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Pads each transposed convolution on all sides by the least of its four numbers, and cuts off the rest.

    Returns:
        A model that computes the same bits: each value is the same sum.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    graph = changed.graph
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        nodes.append(node)
        pads = next((attribute for attribute in node.attribute if attribute.name == "pads"), None)
        if node.op_type != "ConvTranspose" or pads is None or len(set(pads.ints)) == 1:
            continue
        output, whole = node.output[0], f"{node.output[0]}/whole"
        least = min(pads.ints)
        rest = [pad - least for pad in pads.ints]
        pads.ints[:] = [least] * len(rest)
        node.output[0] = whole
        axes = len(rest) // 2
        cuts = {
            "starts": rest[:axes],
            "ends": [-more if more else _TO_THE_END for more in rest[axes:]],
            "axes": range(2, 2 + axes),
        }
        names = [f"{whole}/{name}" for name in cuts]
        graph.initializer.extend(
            numpy_helper.from_array(np.array(values, np.int64), name)
            for name, values in zip(names, cuts.values(), strict=True)
        )
        nodes.append(helper.make_node("Slice", [whole, *names], [output], name=output))
    del graph.node[:]
    graph.node.extend(nodes)
    return changed
