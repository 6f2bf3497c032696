"""What a package's manifest says about the graph of a model."""

from synthserve.v1 import schema_pb2
from synthserve.v1.manifest_pb2 import GraphOutput, Manifest, MethodGraph
from synthserve.v1.schema_pb2 import ImageSchema, TableSchema
from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.model import IMAGE, PACKET, Key, Model, Validity
from synthserve_training.models.generative import Generative

GRAPH_FILE = "generate.onnx"
"""The graph's file in a package."""

_NO_DIGEST = "0" * 64


def output_name(key: Key) -> str:
    """The name of a graph's output. A prefix keeps columns apart from each other and from inputs."""
    if key == IMAGE:
        return "image"
    return f"valid:{key.column}" if isinstance(key, Validity) else f"column:{key}"


def manifest(
    generative: Generative,
    *,
    model: str,
    version: int,
    batch_size: int,
    packet: int = PACKET,
    sha256: str = _NO_DIGEST,
) -> Manifest:
    """The part of a manifest that describes a model and its graph: output, conditions and the method `generate`.

    Args:
        generative: The model.
        model: Its identifier.
        version: At least 1.
        batch_size: How many samples to compute at once.
        packet: Samples are computed in multiples of so many.
        sha256: The digest of the graph, in hexadecimal digits.
    """
    made = Manifest(
        format_version=manifests.FORMAT_VERSION,
        model=model,
        version=version,
        conditions=generative.conditions,
        methods=[
            MethodGraph(
                method=schema_pb2.METHOD_GENERATE,
                file=GRAPH_FILE,
                sha256=sha256,
                batch_size=batch_size,
                packet=packet,
                inputs=generative.inputs,
                outputs=_outputs(generative.schema),
            )
        ],
    )
    if isinstance(generative.schema, ImageSchema):
        made.image.CopyFrom(generative.schema)
    else:
        made.table.CopyFrom(generative.schema)
    return made


def describe(generative: Generative, batch_size: int, packet: int = PACKET) -> Model:
    """The core's description of a model that is not exported yet; arguments as in `manifest`."""
    made = manifest(generative, model="unexported", version=1, batch_size=batch_size, packet=packet)
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
