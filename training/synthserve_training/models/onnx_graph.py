"""Builds ONNX graphs node by node, for models that are not written in `keras.ops`."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from synthserve_core.compute.session import BATCH

OPSET = 18
_IR_VERSION = 10

Value: TypeAlias = str
"""A tensor of a graph, by its name."""


class GraphBuilder:
    """A graph that grows node by node. Its methods return the names of new tensors.

    Equal constants are stored once.
    """

    def __init__(self) -> None:
        """Starts an empty graph."""
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._initializers: list[TensorProto] = []

    def input(self, name: str, dtype: Any, shape: Sequence[int], *, shared: bool = False) -> Value:  # noqa: ANN401 - what NumPy takes
        """Adds an input `[batch, *shape]`, or `[1, *shape]` where all samples share it."""
        self._inputs.append(_info(name, dtype, [1 if shared else BATCH, *shape]))
        return name

    def output(self, name: str, value: Value, dtype: Any, shape: Sequence[int] = ()) -> None:  # noqa: ANN401
        """Makes a tensor `[batch, *shape]` an output."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(_info(name, dtype, [BATCH, *shape]))

    def constant(self, array: ArrayLike, dtype: Any = None) -> Value:  # noqa: ANN401
        """Adds a constant.

        Args:
            array: Its values.
            dtype: Its type; default: that of the array.
        """
        values = np.ascontiguousarray(np.asarray(array, dtype)) if np.ndim(array) else np.asarray(array, dtype)
        key = (str(values.dtype), values.shape, values.tobytes())
        if key not in self._constants:
            name = f"c{len(self._constants)}"
            self._initializers.append(numpy_helper.from_array(values, name))
            self._constants[key] = name
        return self._constants[key]

    def op(self, kind: str, *inputs: Value, **attributes: Any) -> Value:  # noqa: ANN401 - as ONNX has them
        """Adds a node with one output.

        Args:
            kind: The operator, of the default domain.
            inputs: Its inputs; an empty name leaves out an optional one.
            attributes: Its attributes.
        """
        (name,) = self.ops(kind, 1, *inputs, **attributes)
        return name

    def ops(self, kind: str, outputs: int, *inputs: Value, **attributes: Any) -> tuple[Value, ...]:  # noqa: ANN401
        """Adds a node with several outputs; arguments as in `op`."""
        names = tuple(
            f"n{len(self._nodes)}.{index}" if outputs > 1 else f"n{len(self._nodes)}" for index in range(outputs)
        )
        self._nodes.append(helper.make_node(kind, list(inputs), list(names), **attributes))
        return names

    def cast(self, value: Value, dtype: Any) -> Value:  # noqa: ANN401
        """Converts a tensor to another type."""
        return self.op("Cast", value, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def sum(self, value: Value, axis: int, *, keep: bool = False) -> Value:
        """Adds up along an axis."""
        return self.op("ReduceSum", value, self.constant([axis], np.int64), keepdims=int(keep))

    def slice(self, value: Value, start: int, stop: int, axis: int) -> Value:
        """Takes the indices from `start` to before `stop` along an axis."""
        bounds = [self.constant([each], np.int64) for each in (start, stop, axis)]
        return self.op("Slice", value, *bounds)

    def build(self, name: str = "generate") -> onnx.ModelProto:
        """The graph as a checked model.

        Args:
            name: The graph's name.

        Raises:
            onnx.checker.ValidationError: A node is not valid.
        """
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, self._initializers)
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION, producer_name="synthserve"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def _info(name: str, dtype: Any, shape: Sequence[int | str]) -> onnx.ValueInfoProto:  # noqa: ANN401
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def evaluate(model: onnx.ModelProto, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Runs a graph on the CPU with one thread, for tests and for statistics of its outputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(feeds)), strict=True))
