"""Checks the methods of a manifest: their graphs, and the roles of the tensors."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from synthserve.v1 import manifest_pb2, schema_pb2
from synthserve_core.contract.checks import require, require_few, require_unique
from synthserve_core.contract.model import (
    IMAGE,
    PACKET,
    Condition,
    Data,
    Distribution,
    Given,
    Image,
    Index,
    Key,
    Method,
    MethodKind,
    Noise,
    Role,
    Score,
    Table,
    Tensor,
    Validity,
    tensors_of,
)
from synthserve_core.errors import ManifestError

MOST_DIMENSIONS = 8
"""The most dimensions of the noise of a sample."""

MOST_TENSORS = 16_384
"""The most inputs, and the most outputs, of a graph."""

LARGEST_PACKET = 1 << 28
"""The most values of all inputs of a graph for one packet, the smallest batch that it runs with."""

LARGEST_BATCH = 1 << 20
"""The most samples in a batch, and in a packet."""

_KINDS = {
    schema_pb2.METHOD_GENERATE: MethodKind.GENERATE,
    schema_pb2.METHOD_SCORE: MethodKind.SCORE,
    schema_pb2.METHOD_TRANSFORM: MethodKind.TRANSFORM,
}

_DISTRIBUTIONS = {
    manifest_pb2.NOISE_DISTRIBUTION_NORMAL: Distribution.NORMAL,
    manifest_pb2.NOISE_DISTRIBUTION_UNIFORM: Distribution.UNIFORM,
}


def methods(
    graphs: Sequence[manifest_pb2.MethodGraph], output: Table | Image, conditions: Iterable[Condition]
) -> dict[MethodKind, Method]:
    """Checks the methods of a manifest.

    Args:
        graphs: The methods in the manifest.
        output: What the model generates.
        conditions: The conditions of the model.

    Raises:
        ManifestError: Something in them is not allowed.
    """
    known = {condition.name: condition for condition in conditions}
    made = tensors_of(output)
    found: dict[MethodKind, Method] = {}
    for graph in graphs:
        require(graph.method in _KINDS, "a method is not known to this server")
        kind = _KINDS[graph.method]
        require(kind not in found, f"the method {kind.value} is declared twice")
        found[kind] = _method(graph, kind, made, known)
    require(MethodKind.GENERATE in found, "the manifest has no method METHOD_GENERATE")
    taken = {role.condition.name for role in found[MethodKind.GENERATE].inputs.values() if isinstance(role, Given)}
    for name in known:
        require(name in taken, f"no input of the method generate takes the condition {name!r}")
    return found


def _method(
    graph: manifest_pb2.MethodGraph, kind: MethodKind, made: Mapping[Key, Tensor], conditions: Mapping[str, Condition]
) -> Method:
    what = f"the method {kind.value}"
    require(
        graph.file not in ("", ".", "..") and not set(graph.file) & set("/\\:\0"),
        f"the file of {what} must be the plain name of a file in the package, not {graph.file!r}",
    )
    require(
        re.fullmatch("[0-9a-f]{64}", graph.sha256) is not None,
        f"the sha256 of {what} must be 64 lower-case hexadecimal digits",
    )
    require(
        1 <= graph.batch_size <= LARGEST_BATCH,
        f"the batch_size of {what} must be at least 1 and at most {LARGEST_BATCH:,}",
    )
    require(
        0 <= graph.packet <= LARGEST_BATCH,
        f"the packet of {what} must be at least 1 and at most {LARGEST_BATCH:,}, or 0 for the default",
    )
    for tensors, name in ((graph.inputs, "inputs"), (graph.outputs, "outputs")):
        require_few(what, tensors, MOST_TENSORS, name)
        require_unique(f"the {name} of {what}", [tensor.name for tensor in tensors])
        require(all(tensor.name for tensor in tensors), f"one of the {name} of {what} has no name")
    inputs = _inputs(graph.inputs, kind, made, conditions)
    outputs = _outputs(graph.outputs, kind, made)
    input_tensors = {name: _input_tensor(role, made) for name, role in inputs.items()}
    packet = graph.packet or PACKET
    size = sum(math.prod(tensor.shape) for tensor in input_tensors.values()) * min(packet, graph.batch_size)
    require(
        size <= LARGEST_PACKET, f"the inputs of {what} have {size:,} values a packet; allowed are {LARGEST_PACKET:,}"
    )
    return Method(
        kind=kind,
        file=graph.file,
        sha256=graph.sha256,
        batch_size=graph.batch_size,
        packet=packet,
        inputs=inputs,
        outputs=outputs,
        input_tensors=input_tensors,
        output_tensors={name: _output_tensor(key, made) for name, key in outputs.items()},
    )


def _inputs(
    inputs: Iterable[manifest_pb2.GraphInput],
    kind: MethodKind,
    made: Mapping[Key, Tensor],
    conditions: Mapping[str, Condition],
) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    taken: set[object] = set()
    streams = 0
    for one in inputs:
        role = _role(one, made, conditions, streams)
        require(
            kind is not MethodKind.GENERATE or not isinstance(role, Data),
            f"the input {one.name!r} of the method generate takes data; only score and transform do",
        )
        fed = ("condition", role.condition.name) if isinstance(role, Given) else role
        require(
            fed not in taken, f"two inputs of the method {kind.value} have the same role; the second is {one.name!r}"
        )
        taken.add(fed)
        streams += isinstance(role, Noise)
        roles[one.name] = role
    if kind is MethodKind.GENERATE:
        require(
            any(isinstance(role, Noise | Index) for role in roles.values()),
            "the method generate has neither noise nor an index to make samples of",
        )
    else:
        require(
            any(isinstance(role, Data) for role in roles.values()), f"no input of the method {kind.value} takes data"
        )
    return roles


def _role(
    one: manifest_pb2.GraphInput, made: Mapping[Key, Tensor], conditions: Mapping[str, Condition], streams: int
) -> Role:
    match one.WhichOneof("role"):
        case "noise":
            return _noise(one, streams)
        case "index":
            return Index()
        case "condition":
            name = one.condition.column
            require(name in conditions, f"the input {one.name!r} takes the unknown condition {name!r}")
            return Given(conditions[name], one.condition.shared)
        case "data":
            return Data(_key(one.data, one.name, made))
    raise ManifestError(f"the input {one.name!r} declares no role")


def _noise(one: manifest_pb2.GraphInput, streams: int) -> Noise:
    shape, what = tuple(one.noise.shape), f"the noise of the input {one.name!r}"
    require(one.noise.distribution in _DISTRIBUTIONS, f"{what} has no distribution that this server knows")
    require(all(size >= 1 for size in shape), f"the shape of {what} must hold sizes of at least 1")
    require(
        len(shape) <= MOST_DIMENSIONS and math.prod(shape) <= LARGEST_PACKET,
        f"the shape of {what} must hold at most {MOST_DIMENSIONS} sizes and {LARGEST_PACKET:,} values",
    )
    return Noise(_DISTRIBUTIONS[one.noise.distribution], shape, streams)


def _outputs(
    outputs: Iterable[manifest_pb2.GraphOutput], kind: MethodKind, made: Mapping[Key, Tensor]
) -> dict[str, Key]:
    found: dict[str, Key] = {}
    for one in outputs:
        is_score = one.WhichOneof("content") == "score"
        require(
            is_score == (kind is MethodKind.SCORE),
            f"the output {one.name!r} of the method {kind.value} is {'a' if is_score else 'no'} score",
        )
        found[one.name] = _score(one, made) if is_score else _key(one, one.name, made)
    keys = set(found.values())
    require(len(keys) == len(found), f"two outputs of the method {kind.value} have the same content")
    if kind is MethodKind.SCORE:
        require(Score() in keys, "the method score has no output for the whole sample")
        return found
    for key in made:
        require(key in keys, f"no output of the method {kind.value} is {_named(key)}")
    # Encoders expect the order of the schema.
    names = {key: name for name, key in found.items()}
    return {names[key]: key for key in made}


def _score(one: manifest_pb2.GraphOutput, made: Mapping[Key, Tensor]) -> Score:
    column = one.score.column
    require(not column or column in made, f"the output {one.name!r} is the score of {column!r}, which is no column")
    return Score(column)


def _key(content: manifest_pb2.GraphOutput | manifest_pb2.DataInput, name: str, made: Mapping[Key, Tensor]) -> Key:
    key: Key
    match content.WhichOneof("content"):
        case "column":
            key = content.column
        case "validity":
            key = Validity(content.validity)
        case "image":
            key = IMAGE
        case _:
            raise ManifestError(f"the tensor {name!r} has no content that this server knows")
    require(key in made, f"the tensor {name!r} is {_named(key)}, which the model does not have")
    return key


def _named(key: Key) -> str:
    if isinstance(key, Validity):
        return f"the validity of {key.column!r}"
    return "the image" if key == IMAGE else f"the column {key!r}"


def _input_tensor(role: Role, made: Mapping[Key, Tensor]) -> Tensor:
    match role:
        case Noise():
            return Tensor(np.dtype(np.float32), role.shape)
        case Index():
            return Tensor(np.dtype(np.int64))
        case Given():
            tensor = role.condition.tensor
            return Tensor(tensor.dtype, tensor.shape, shared=role.shared)
        case Data():
            return made[role.key]


def _output_tensor(key: Key, made: Mapping[Key, Tensor]) -> Tensor:
    return Tensor(np.dtype(np.float64)) if isinstance(key, Score) else made[key]
