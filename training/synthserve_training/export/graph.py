"""Converts a finished model to one ONNX graph with the names that the package manifest describes."""

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from synthserve_training.errors import ExportError
from synthserve_training.finished import FinishedModel
from synthserve_training.objectives import Tensor

OPSET = 18
BATCH = "batch"
LATENT = "latent"


def condition_input(column: str) -> str:
    """The graph's input for a condition."""
    return f"condition:{column}"


def convert(model: FinishedModel) -> onnx.ModelProto:
    """Converts sampler, generator and decoder to one graph.

    Returns:
        A checked ONNX model: inputs `latent` float32 [batch, noise_size] and `condition:{column}` int64 [batch], one
        output per finished value, the batch dimension named `batch` throughout.

    Raises:
        ExportError: A column's name is that of an input, or the model uses an operation that ONNX does not have.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError("export runs on the TensorFlow backend: unset KERAS_BACKEND")
    columns = model.conditions
    # tf2onnx and TensorFlow allow no colon in the names of arguments, so the graph is renamed afterwards.
    arguments = {"latent": LATENT} | {f"condition_{i}": condition_input(c) for i, c in enumerate(columns)}

    def function(latent: Tensor, *conditions: Tensor) -> list[Tensor]:
        return list(model(latent, dict(zip(columns, conditions, strict=True))).values())

    signature = [
        tf.TensorSpec([None, model.noise_size], tf.float32, name="latent"),
        *(tf.TensorSpec([None], tf.int64, name=f"condition_{i}") for i in range(len(columns))),
    ]
    names = list(model(*_probe(model)))
    converted: onnx.ModelProto
    converted, _ = tf2onnx.convert.from_function(tf.function(function), input_signature=signature, opset=OPSET)
    outputs = dict(zip((output.name for output in converted.graph.output), names, strict=True))
    if taken := set(names) & set(arguments.values()):
        raise ExportError(f"a column cannot have the name of a graph input: {', '.join(sorted(taken))}")
    _rename(converted.graph, arguments | outputs)
    for value in (*converted.graph.input, *converted.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    # Intermediate shapes are not needed to run the graph and carry the converter's made-up dimension names.
    del converted.graph.value_info[:]
    converted.doc_string = ""
    try:
        onnx.checker.check_model(converted, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the model uses an operation that cannot be exported: {error}") from None
    return converted


def _probe(model: FinishedModel) -> tuple[Tensor, dict[str, Tensor]]:
    latent = np.zeros((1, model.noise_size), np.float32)
    return latent, {column: np.full(1, -1, np.int64) for column in model.conditions}


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
