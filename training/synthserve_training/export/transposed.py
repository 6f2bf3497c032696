"""Transposed convolutions as plain ones, which onnxruntime's CPU provider computes much better.

What a transposed convolution with stride s gives at the positions of one phase, those with the same remainder modulo s
in each direction, is a plain convolution of its input with every s-th weight (Shi et al. 2016, "Is the deconvolution
layer the same as a convolutional layer?", arXiv:1609.07009). DepthToSpace puts the phases together.
"""

import enum
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Form(enum.Enum):
    """What a transposed convolution becomes."""

    JOINT = "one convolution for all phases"
    APART = "a convolution for each phase"


@dataclass(frozen=True)
class Phase:
    """The plain convolution that gives the positions of one phase.

    Attributes:
        kernel: float32 [outputs, inputs, height, width].
        pads: Top, left, bottom, right.
    """

    kernel: NDArray[np.float32]
    pads: tuple[int, int, int, int]


def transposed_convolutions(graph: onnx.GraphProto) -> list[str]:
    """Names the outputs of the transposed convolutions that can be rewritten, in the graph's order."""
    constants = {tensor.name for tensor in graph.initializer}
    return [node.output[0] for node in graph.node if _can_be_rewritten(node, constants)]


def rewrite(model: onnx.ModelProto, forms: dict[str, Form]) -> onnx.ModelProto:
    """Replaces transposed convolutions.

    Args:
        model: The model; it stays as it is.
        forms: What to make of which, by the name of their output; see `transposed_convolutions`.

    Returns:
        A model that computes the same, up to the order of summation.
    """
    rewritten = onnx.ModelProto()
    rewritten.CopyFrom(model)
    graph = rewritten.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        form = forms.get(node.output[0])
        if form is None:
            nodes.append(node)
            continue
        weight, *bias = (numpy_helper.to_array(constants[name]) for name in node.input[1:])
        for part in _parts(node, weight, bias[0] if bias else None, form):
            if isinstance(part, onnx.TensorProto):
                graph.initializer.append(part)
            else:
                nodes.append(part)
    del graph.node[:]
    graph.node.extend(nodes)
    drop_unused_constants(graph)
    return rewritten


def drop_unused_constants(graph: onnx.GraphProto) -> None:
    """Removes the constants that no node takes; onnxruntime warns of each."""
    used = _used(graph) | {value.name for value in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _used(graph: onnx.GraphProto) -> set[str]:
    """What nodes take, those of loops and branches, too."""
    names: set[str] = set()
    for node in graph.node:
        names.update(node.input)
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                names |= _used(inner) | {value.name for value in inner.output}
    return names


def phases(weight: NDArray[np.float32], strides: tuple[int, int], pads: tuple[int, int]) -> list[Phase]:
    """Divides a transposed convolution into plain ones.

    Args:
        weight: float32 [inputs, outputs, height, width].
        strides: In each direction.
        pads: At the beginning of each direction.

    Returns:
        One for each phase, rows before columns.
    """
    found = []
    for remainders in itertools.product(*map(range, strides)):
        taps = [_taps(*of) for of in zip(remainders, strides, pads, weight.shape[2:], strict=True)]
        (before_rows, rows, after_rows), (before_columns, columns, after_columns) = taps
        kernel = np.zeros((weight.shape[1], weight.shape[0], len(rows), len(columns)), np.float32)
        for (i, row), (j, column) in itertools.product(enumerate(rows), enumerate(columns)):
            if row is not None and column is not None:
                kernel[:, :, i, j] = weight[:, :, row, column].T
        found.append(Phase(kernel, (before_rows, before_columns, after_rows, after_columns)))
    return found


def _taps(remainder: int, stride: int, pad: int, size: int) -> tuple[int, list[int | None], int]:
    """Which weights meet which inputs in one direction.

    The output at s q + r takes from the input at q + d the weight r + pad - s d.

    Returns:
        How many inputs before q there are, the weight for each input from there on (None: it has none), and how many
        inputs after q there are.
    """
    first = min(-((size - 1 - remainder - pad) // stride), 0)
    last = max((remainder + pad) // stride, 0)
    weights = [remainder + pad - stride * distance for distance in range(first, last + 1)]
    return -first, [weight if 0 <= weight < size else None for weight in weights], last


def _joint(parts: list[Phase]) -> Phase:
    """One convolution that gives all phases, their outputs one after the other."""
    top, left, bottom, right = (max(part.pads[side] for part in parts) for side in range(4))
    wide = [
        np.pad(
            part.kernel,
            (
                (0, 0),
                (0, 0),
                (top - part.pads[0], bottom - part.pads[2]),
                (left - part.pads[1], right - part.pads[3]),
            ),
        )
        for part in parts
    ]
    return Phase(np.concatenate(wide), (top, left, bottom, right))


def _parts(
    node: onnx.NodeProto, weight: NDArray[np.float32], bias: NDArray[np.float32] | None, form: Form
) -> Iterator[onnx.NodeProto | onnx.TensorProto]:
    strides, pads = _attribute(node, "strides", [1, 1]), _attribute(node, "pads", [0, 0, 0, 0])
    output = node.output[0]
    parts = phases(weight, (strides[0], strides[1]), (pads[0], pads[1]))
    convolved = [_joint(parts)] if form is Form.JOINT else parts
    single = len(parts) == 1
    names = [output] if single else [f"{output}/phase_{number}" for number in range(len(convolved))]
    for name, phase in zip(names, convolved, strict=True):
        yield numpy_helper.from_array(phase.kernel, f"{name}/kernel")
        inputs = [node.input[0], f"{name}/kernel", *node.input[2:]]
        if bias is not None and form is Form.JOINT:
            inputs[2] = f"{name}/biases"
            yield numpy_helper.from_array(np.tile(bias, len(parts)), inputs[2])
        yield helper.make_node("Conv", inputs, [name], name=name, pads=phase.pads, kernel_shape=phase.kernel.shape[2:])
    if single:
        return
    joined = names[0]
    if len(names) > 1:
        joined = f"{output}/phases"
        yield helper.make_node("Concat", names, [joined], name=joined, axis=1)
    yield helper.make_node("DepthToSpace", [joined], [output], name=output, blocksize=strides[0], mode="DCR")


def _can_be_rewritten(node: onnx.NodeProto, constants: set[str]) -> bool:
    if node.op_type != "ConvTranspose" or not constants.issuperset(node.input[1:]):
        return False
    strides, pads = _attribute(node, "strides", [1, 1]), _attribute(node, "pads", [0, 0, 0, 0])
    size, more = _attribute(node, "kernel_shape", []), _attribute(node, "output_padding", [0, 0])
    if len(size) != 2:
        return False
    # So that the output is exactly as many times as large as the input as the strides say.
    fits = [s + o - p - q == t for s, o, p, q, t in zip(size, more, pads[:2], pads[2:], strides, strict=True)]
    return (
        all(fits)
        and strides[0] == strides[1]
        and _attribute(node, "dilations", [1, 1]) == [1, 1]
        and all(a.i == 1 for a in node.attribute if a.name == "group")
        and not any(a.name == "output_shape" for a in node.attribute)
        and all(a.s == b"NOTSET" for a in node.attribute if a.name == "auto_pad")
    )


def _attribute(node: onnx.NodeProto, name: str, default: list[int]) -> list[int]:
    return next((list(attribute.ints) for attribute in node.attribute if attribute.name == name), default)
