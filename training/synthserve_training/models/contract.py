"""What a package's manifest says about a model and its graphs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from synthserve.v1 import schema_pb2
from synthserve.v1.manifest_pb2 import GraphInput, GraphOutput, Manifest, MethodGraph
from synthserve.v1.schema_pb2 import ConditionSpec, ImageSchema, TableSchema
from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.model import IMAGE, PACKET, Key, Model, Validity

GRAPH_FILE = "generate.onnx"
"""The file of the graph that generates, in a package."""

SCORE_FILE = "score.onnx"
"""The file of the graph that scores."""

DTYPES: Mapping[schema_pb2.ColumnType, Any] = {
    schema_pb2.COLUMN_TYPE_DOUBLE: np.float64,
    schema_pb2.COLUMN_TYPE_INT64: np.int64,
    schema_pb2.COLUMN_TYPE_CATEGORY: np.int32,
    schema_pb2.COLUMN_TYPE_BOOL: np.bool_,
    schema_pb2.COLUMN_TYPE_STRING: np.uint8,
    schema_pb2.COLUMN_TYPE_DATE: np.int32,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: np.int64,
}
"""The dtype of the values of each type of column in a graph."""

_NO_DIGEST = "0" * 64


def output_name(key: Key) -> str:
    """The name of a graph's output. A prefix keeps columns apart from each other and from inputs."""
    if key == IMAGE:
        return "image"
    return f"valid:{key.column}" if isinstance(key, Validity) else f"column:{key}"


class Described(Protocol):
    """What a manifest says about a model's graph; see `Generative`."""

    @property
    def schema(self) -> TableSchema | ImageSchema:
        """What it generates."""
        ...

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        """The conditions that it takes."""
        ...

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """Its inputs and their roles."""
        ...


class Scoring(Protocol):
    """What a manifest says about a graph that scores samples of a model."""

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """Its inputs and their roles."""
        ...

    @property
    def outputs(self) -> tuple[GraphOutput, ...]:
        """Its scores."""
        ...


def generate(described: Described, *, batch_size: int, packet: int = PACKET, sha256: str = _NO_DIGEST) -> MethodGraph:
    """The method `generate` in a manifest.

    Args:
        described: The model.
        batch_size: How many samples to compute at once.
        packet: Samples are computed in multiples of so many.
        sha256: The digest of the graph, in hexadecimal digits.
    """
    return MethodGraph(
        method=schema_pb2.METHOD_GENERATE,
        file=GRAPH_FILE,
        sha256=sha256,
        batch_size=batch_size,
        packet=packet,
        inputs=described.inputs,
        outputs=_outputs(described.schema),
    )


def score(scoring: Scoring, *, batch_size: int, packet: int = PACKET, sha256: str = _NO_DIGEST) -> MethodGraph:
    """The method `score` in a manifest; arguments as in `generate`."""
    return MethodGraph(
        method=schema_pb2.METHOD_SCORE,
        file=SCORE_FILE,
        sha256=sha256,
        batch_size=batch_size,
        packet=packet,
        inputs=scoring.inputs,
        outputs=scoring.outputs,
    )


def manifest(described: Described, methods: Sequence[MethodGraph], *, model: str, version: int) -> Manifest:
    """The part of a manifest that describes a model and its graphs.

    Args:
        described: The model.
        methods: Its methods; `generate` is one of them.
        model: Its identifier.
        version: At least 1.
    """
    made = Manifest(
        format_version=manifests.FORMAT_VERSION,
        model=model,
        version=version,
        conditions=described.conditions,
        methods=methods,
    )
    if isinstance(described.schema, ImageSchema):
        made.image.CopyFrom(described.schema)
    else:
        made.table.CopyFrom(described.schema)
    return made


def describe(described: Described, batch_size: int, packet: int = PACKET, scoring: Scoring | None = None) -> Model:
    """The core's description of a model that is not exported yet.

    Args:
        described: The model.
        batch_size: How many samples to compute at once.
        packet: Samples are computed in multiples of so many.
        scoring: The graph that scores its samples, if it has one.
    """
    methods = [generate(described, batch_size=batch_size, packet=packet)]
    if scoring is not None:
        methods.append(score(scoring, batch_size=batch_size, packet=packet))
    made = manifest(described, methods, model="unexported", version=1)
    return manifests.describe(made, made.model, made.version)


def _outputs(schema: TableSchema | ImageSchema) -> list[GraphOutput]:
    if isinstance(schema, ImageSchema):
        image = GraphOutput(name=output_name(IMAGE))
        image.image.SetInParent()
        return [image]
    outputs = []
    for column in schema.columns:
        outputs.append(GraphOutput(name=output_name(column.name), column=column.name))
        if column.nullable:
            validity = Validity(column.name)
            outputs.append(GraphOutput(name=output_name(validity), validity=column.name))
    return outputs
