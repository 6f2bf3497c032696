"""Folds what batch normalisation left behind a transposed convolution into its weights."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from synthserve_training.export.transposed import drop_unused_constants


def fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """Multiplies weights by the scale of each channel that follows, and makes a shift that follows that the bias.

    onnxruntime does this behind convolutions and not behind transposed ones, where it passes over all values twice
    more.

    Args:
        model: The model; it stays as it is.

    Returns:
        A model that computes the same, up to rounding.
    """
    folded = onnx.ModelProto()
    folded.CopyFrom(model)
    graph = folded.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    outputs = {value.name for value in graph.output}
    for node in list(graph.node):
        if node.op_type != "ConvTranspose" or len(node.input) == 3 or node.input[1] not in constants:
            continue
        weight = numpy_helper.to_array(constants[node.input[1]])
        if weight.ndim != 4 or any(attribute.name == "group" and attribute.i != 1 for attribute in node.attribute):
            continue
        channels = weight.shape[1]
        if scale := _follower(graph, node, "Mul", outputs):
            values = _by_channel(constants, scale, node.output[0], channels)
            if values is not None:
                # Under a name of its own: another layer may use the same weights.
                scaled = f"{scale.output[0]}/weight"
                graph.initializer.append(numpy_helper.from_array(weight * values[None, :, None, None], scaled))
                node.input[1] = scaled
                _absorb(graph, node, scale)
        if shift := _follower(graph, node, "Add", outputs):
            values = _by_channel(constants, shift, node.output[0], channels)
            if values is not None:
                bias = f"{shift.output[0]}/bias"
                graph.initializer.append(numpy_helper.from_array(values, bias))
                node.input.append(bias)
                _absorb(graph, node, shift)
    drop_unused_constants(graph)
    return folded


def _follower(graph: onnx.GraphProto, node: onnx.NodeProto, kind: str, outputs: set[str]) -> onnx.NodeProto | None:
    """The node of a kind that alone takes what another one gives."""
    takers = [taker for taker in graph.node if node.output[0] in taker.input]
    if len(takers) != 1 or takers[0].op_type != kind or node.output[0] in outputs:
        return None
    return takers[0]


def _by_channel(
    constants: dict[str, onnx.TensorProto], node: onnx.NodeProto, value: str, channels: int
) -> NDArray[np.float32] | None:
    """The constant that a node applies to a value, one number for each channel; None: it applies another thing."""
    (other,) = [name for name in node.input if name != value] or [value]
    if other not in constants:
        return None
    array = numpy_helper.to_array(constants[other])
    if array.size != channels or array.shape not in ((1, channels, 1, 1), (channels, 1, 1)):
        return None
    return np.asarray(array.reshape(channels), np.float32)


def _absorb(graph: onnx.GraphProto, node: onnx.NodeProto, follower: onnx.NodeProto) -> None:
    node.output[0] = follower.output[0]
    graph.node.remove(follower)
