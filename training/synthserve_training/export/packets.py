"""In what multiples samples must be computed so that none depends on its batch.

onnxruntime computes approximated functions several values at a time and the rest of a tensor with another rounding.
Where nothing of a sample can be part of such a rest, samples can be computed one by one.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, shape_inference

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import PACKET, Tensors

_LANES = 16  # values that a processor's widest registers hold
_SIZES = (1, 2, 3, 5)  # batches to compare with whole ones

# Each value or row by itself, in one operation or in sums whose order does not depend on the number of rows.
_EXACT = {
    *("Add", "Cast", "Clip", "Concat", "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Gather", "Gemm"),
    *("Identity", "LeakyRelu", "MatMul", "Max", "Min", "Mul", "Relu", "Reshape", "Round", "Slice", "Squeeze", "Sub"),
    *("Transpose", "Unsqueeze"),
}
_APPROXIMATED = {"Sigmoid", "Tanh"}
_ROUNDING = {"Cast", "Round"}


def packet(model: onnx.ModelProto, feeds: Tensors) -> int:
    """Finds the packet of a graph.

    Args:
        model: The graph.
        feeds: Inputs to hold small batches against whole ones with.

    Returns:
        1 where only operations are used that are known to allow it, and small batches give the same bits; else
        `PACKET`.
    """
    if all(_is_exact(node, sizes) for node, sizes in _nodes(model)) and _gives_the_same(model, feeds):
        return 1
    return PACKET


def _nodes(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, list[int | None]]]:
    """Each node, and how many values a sample has in each of its outputs; None: not known."""
    graph = shape_inference.infer_shapes(model).graph
    sizes: dict[str, int | None] = {}
    for value in (*graph.value_info, *graph.output):
        dimensions = value.type.tensor_type.shape.dim[1:]
        known = all(dimension.HasField("dim_value") for dimension in dimensions)
        sizes[value.name] = int(np.prod([dimension.dim_value for dimension in dimensions])) if known else None
    for node in graph.node:
        yield node, [sizes.get(name) for name in node.output]


def _is_exact(node: onnx.NodeProto, sizes: list[int | None]) -> bool:
    if node.op_type in _APPROXIMATED:
        return all(size is not None and size % _LANES == 0 for size in sizes)
    return node.op_type in _EXACT


def _gives_the_same(model: onnx.ModelProto, feeds: Tensors) -> bool:
    """Compares the outputs, and what is rounded on the way to them, in which a difference would show first."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    kinds = {
        value.name: value.type.tensor_type.elem_type for value in shape_inference.infer_shapes(model).graph.value_info
    }
    rounded = {node.input[0] for node in model.graph.node if node.op_type in _ROUNDING}
    for name in sorted(rounded):
        if kinds.get(name) == TensorProto.FLOAT:
            exposed.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    samples = max(len(array) for array in feeds.values())
    session = Session(exposed.SerializeToString(), CPU, samples)
    whole = session.run(feeds, samples, Cancellation())
    for size in _SIZES:
        for start in range(0, samples - size + 1, size):
            # Inputs that all samples share have one row.
            own = {name: array[start : start + size] if len(array) > 1 else array for name, array in feeds.items()}
            part = session.run(own, size, Cancellation())
            if any(not np.array_equal(values, whole[name][start : start + size]) for name, values in part.items()):
                return False
    return True
