"""Converts a model to one ONNX graph with the inputs and outputs that its manifest describes."""

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from synthserve_core.compute.session import BATCH
from synthserve_core.contract.model import Tensor as TensorType
from synthserve_training.errors import ExportError
from synthserve_training.models import contract
from synthserve_training.models.generative import Generative
from synthserve_training.types import Tensor

OPSET = 18


def convert(model: Generative) -> onnx.ModelProto:
    """Converts a model to a graph.

    Args:
        model: The model.

    Returns:
        A checked ONNX model, with the inputs and outputs of `contract.manifest`; the batch dimension is named `batch`
        throughout.

    Raises:
        ExportError: The model uses an operation that ONNX does not have.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError("export runs on the TensorFlow backend: unset KERAS_BACKEND")
    method = contract.describe(model, batch_size=1).generate
    inputs, keys = list(method.inputs), list(method.outputs.values())
    # TensorFlow allows no colon in the names of arguments, so the graph is renamed afterwards.
    arguments = {f"input_{index}": name for index, name in enumerate(inputs)}

    def function(*tensors: Tensor) -> list[Tensor]:
        values = model(dict(zip(inputs, tensors, strict=True)))
        return [values[key] for key in keys]

    signature = [_specification(method.input_tensors[name], argument) for argument, name in arguments.items()]
    converted: onnx.ModelProto
    converted, _ = tf2onnx.convert.from_function(tf.function(function), input_signature=signature, opset=OPSET)
    outputs = dict(zip((output.name for output in converted.graph.output), method.outputs, strict=True))
    _rename(converted.graph, arguments | outputs)
    shared = {name for name, tensor in method.input_tensors.items() if tensor.shared}
    for value in (*converted.graph.input, *converted.graph.output):
        if value.name not in shared:
            value.type.tensor_type.shape.dim[0].dim_param = BATCH
    # Intermediate shapes are not needed to run the graph and carry the converter's made-up dimension names.
    del converted.graph.value_info[:]
    converted.doc_string = ""
    try:
        onnx.checker.check_model(converted, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the model uses an operation that cannot be exported: {error}") from None
    return converted


def _specification(tensor: TensorType, name: str) -> tf.TensorSpec:
    first = 1 if tensor.shared else None
    return tf.TensorSpec([first, *tensor.shape], tf.as_dtype(np.dtype(tensor.dtype)), name=name)


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    clash = set(names.values()) - set(names)
    for node in graph.node:
        for values in (node.input, node.output):
            for index, name in enumerate(values):
                # An inner value that happens to have a name which the contract gives away makes room.
                values[index] = names.get(name, f"{name}:inner" if name in clash else name)
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
    for tensor in graph.initializer:
        if tensor.name in clash:
            tensor.name = f"{tensor.name}:inner"
