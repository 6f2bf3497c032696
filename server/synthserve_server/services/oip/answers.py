"""Converts the outputs of a graph for the protocol: texts become BYTES, other outputs keep their types."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from synthserve_core.contract.model import Column, ColumnType, Key, Model, Table, Tensors
from synthserve_core.contract.texts import texts_of
from synthserve_core.errors import GraphError
from synthserve_server.services.oip import inference_pb2, tensors

_BYTES = "BYTES"


@dataclass(frozen=True)
class Output:
    """An output as clients see it.

    Attributes:
        datatype: The protocol's name of its type.
        number: The type in Triton's model configuration.
        shape: The shape without the batch.
        is_text: Whether it is a STRING column.
        validity: STRING: the name of the output that says where a value is present; None if none can be missing.
    """

    datatype: str
    number: inference_pb2.DataType
    shape: tuple[int, ...]
    is_text: bool = False
    validity: str | None = None


def answered(model: Model) -> Mapping[str, Output]:
    """The outputs of a model, by name."""
    names = {key: name for name, key in model.generate.outputs.items()}
    texts: dict[Key, Column] = {}
    if isinstance(model.output, Table):
        texts = {column.name: column for column in model.output.columns if column.type is ColumnType.STRING}
    found = {}
    for name, tensor in model.generate.output_tensors.items():
        if column := texts.get(model.generate.outputs[name]):
            validity = names.get(column.validity)
            found[name] = Output(_BYTES, inference_pb2.TYPE_STRING, (), is_text=True, validity=validity)
        else:
            kind = tensors.datatype(tensor.dtype)
            found[name] = Output(kind.name, kind.number, tensor.shape)
    return found


def add(response: inference_pb2.ModelInferResponse, name: str, arrays: Tensors, output: Output, *, raw: bool) -> None:
    """Adds an output to a response.

    Args:
        response: The response.
        name: The output's name.
        arrays: The outputs of the graph, by name.
        output: The output as clients see it.
        raw: Whether to send the values in their memory layout.

    Raises:
        GraphError: A text is not UTF-8.
    """
    array = arrays[name]
    shape = array.shape[:1] if output.is_text else array.shape
    added = response.outputs.add(name=name, datatype=output.datatype, shape=shape)
    if output.is_text:
        values = _texts(name, arrays, output)
        if raw:
            # Triton's layout: the length of each value in four bytes, then the value.
            response.raw_output_contents.append(b"".join(len(value).to_bytes(4, "little") + value for value in values))
        else:
            added.contents.bytes_contents.extend(values)
    elif raw:
        response.raw_output_contents.append(tensors.to_memory(array))
    else:
        tensors.to_fields(array, added.contents)


def _texts(name: str, arrays: Tensors, output: Output) -> list[bytes]:
    valid = arrays[output.validity] if output.validity else None
    try:
        texts = texts_of(arrays[name], valid)
    except UnicodeDecodeError:
        raise GraphError(f"the output {name!r} holds text that is not UTF-8") from None
    offsets = texts.offsets.tolist()
    return [texts.data[start:stop] for start, stop in pairwise(offsets)]
