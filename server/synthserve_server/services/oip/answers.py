"""The outputs of a graph as the protocol has them: texts are BYTES, all else is as the graph gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from numpy.typing import NDArray

from synthserve_core.contract.model import ColumnType, Model, Table
from synthserve_core.contract.texts import texts_of
from synthserve_server.services.oip import inference_pb2, tensors

_BYTES = "BYTES"


@dataclass(frozen=True)
class Output:
    """An output as clients see it.

    Attributes:
        datatype: What the protocol calls its type.
        number: What Triton's model configuration calls it.
        shape: Without the batch.
        is_text: Whether it is a STRING column.
    """

    datatype: str
    number: inference_pb2.DataType
    shape: tuple[int, ...]
    is_text: bool


def answered(model: Model) -> Mapping[str, Output]:
    """The outputs of a model, by name."""
    texts = set()
    if isinstance(model.output, Table):
        texts = {column.name for column in model.output.columns if column.type is ColumnType.STRING}
    found = {}
    for name, tensor in model.generate.output_tensors.items():
        if model.generate.outputs[name] in texts:
            found[name] = Output(_BYTES, inference_pb2.TYPE_STRING, (), is_text=True)
        else:
            kind = tensors.datatype(tensor.dtype)
            found[name] = Output(kind.name, kind.number, tensor.shape, is_text=False)
    return found


def add(
    response: inference_pb2.ModelInferResponse, name: str, array: NDArray[Any], output: Output, *, raw: bool
) -> None:
    """Adds an output to a response.

    Args:
        response: The response.
        name: The output's name.
        array: What the graph gave.
        output: How it is seen.
        raw: Whether values are answered as they lie in memory.
    """
    shape = array.shape[:1] if output.is_text else array.shape
    added = response.outputs.add(name=name, datatype=output.datatype, shape=shape)
    if output.is_text:
        values = _texts(array)
        if raw:
            # Triton's layout: each value behind its length, in four bytes.
            response.raw_output_contents.append(b"".join(len(value).to_bytes(4, "little") + value for value in values))
        else:
            added.contents.bytes_contents.extend(values)
    elif raw:
        response.raw_output_contents.append(tensors.to_memory(array))
    else:
        tensors.to_fields(array, added.contents)


def _texts(array: NDArray[Any]) -> list[bytes]:
    texts = texts_of(array)
    offsets = texts.offsets.tolist()
    return [texts.data[start:stop] for start, stop in pairwise(offsets)]
