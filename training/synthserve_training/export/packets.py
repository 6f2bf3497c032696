"""In what multiples samples must be computed so that none depends on its batch.

onnxruntime computes approximated functions several values at a time and the rest of a tensor with another rounding.
Where nothing of a sample can be part of such a rest, samples can be computed one by one.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, shape_inference

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import PACKET, Tensors

_LANES = 16  # values that a processor's widest registers hold
_SIZES = (1, 2, 3, 5)  # batches to compare with whole ones

# Each value or row by itself, in one operation or in sums whose order does not depend on the number of rows.
_EXACT = {
    *("Add", "Cast", "Clip", "Concat", "Constant", "Conv", "ConvTranspose", "DepthToSpace", "DequantizeLinear"),
    *("Gather", "Gemm", "Identity", "LeakyRelu", "MatMul", "Max", "Min", "Mul", "QuantizeLinear", "Relu", "Reshape"),
    *("Round", "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze"),
    *("Abs", "And", "Ceil", "CumSum", "Div", "Equal", "Expand", "Floor", "GatherElements", "Greater", "GreaterOrEqual"),
    *(
        "IsInf",
        "IsNaN",
        "Less",
        "LessOrEqual",
        "Mod",
        "Neg",
        "Not",
        "Or",
        "ReduceMax",
        "ReduceMin",
        "Shape",
        "Sum",
        "Where",
    ),
}
_APPROXIMATED = {"Sigmoid", "Tanh"}
_ROUNDING = {"Cast", "Floor", "QuantizeLinear", "Round"}


def packet(model: onnx.ModelProto, feeds: Tensors) -> int:
    """Finds the packet of a graph.

    Args:
        model: The graph.
        feeds: Inputs to hold small batches against whole ones with.

    Returns:
        1 where only operations are used that are known to allow it, and small batches give the same bits; else
        `PACKET`.
    """
    counts = _counts(model)
    if all(_is_exact(node, sizes, counts) for node, sizes in _nodes(model)) and _gives_the_same(model, feeds):
        return 1
    return PACKET


def _nodes(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, list[int | None]]]:
    """Each node that computes something of samples, and how many values one has in each output; None: not known.

    What follows from constants and from inputs that all samples share is the same in every batch.
    """
    graph = shape_inference.infer_shapes(model).graph
    shared = {"", *(constant.name for constant in graph.initializer)}
    shared |= {value.name for value in graph.input if value.type.tensor_type.shape.dim[:1] and _is_one(value)}
    sizes: dict[str, int | None] = {}
    for value in (*graph.value_info, *graph.output):
        dimensions = value.type.tensor_type.shape.dim[1:]
        known = all(dimension.HasField("dim_value") for dimension in dimensions)
        sizes[value.name] = int(np.prod([dimension.dim_value for dimension in dimensions])) if known else None
    for node in graph.node:
        has_graph = any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
        if shared.issuperset(node.input) and not has_graph:
            shared.update(node.output)
        else:
            yield node, [sizes.get(name) for name in node.output]


def _is_one(value: onnx.ValueInfoProto) -> bool:
    return bool(value.type.tensor_type.shape.dim[0].dim_value == 1)


def _counts(model: onnx.ModelProto) -> set[str]:
    """The tensors of numbers that are 0 or 1: their sums are exact in any order."""
    graph = shape_inference.infer_shapes(model).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in graph.value_info}
    casts = (node for node in graph.node if node.op_type == "Cast" and kinds.get(node.input[0]) == TensorProto.BOOL)
    return {node.output[0] for node in casts}


def _is_exact(node: onnx.NodeProto, sizes: list[int | None], counts: set[str]) -> bool:
    if node.op_type == "ReduceSum":
        return node.input[0] in counts
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
            if any(not _is_part(values, whole[name], start, size) for name, values in part.items()):
                return False
    return True


def _is_part(values: NDArray[Any], whole: NDArray[Any], start: int, size: int) -> bool:
    """Whether `values` are those of some samples; what has no first dimension of samples is not compared."""
    return len(values) != size or len(whole) == size or np.array_equal(values, whole[start : start + size])
