"""The adapter for packages of format 1: converts their manifests to format 2."""

from synthserve.v1 import manifest_pb2, schema_pb2

LATENT = "latent"
IMAGE = "image"


def upgraded(manifest: manifest_pb2.Manifest) -> manifest_pb2.Manifest:
    """Converts a manifest to format 2. The graph and its samples stay the same.

    Args:
        manifest: A manifest of format 1. It is not checked: its errors carry over to the result.
    """
    upgraded = manifest_pb2.Manifest()
    upgraded.CopyFrom(manifest)
    upgraded.format_version = 2
    upgraded.ClearField("graph")
    graph = manifest.graph
    method = upgraded.methods.add(
        method=schema_pb2.METHOD_GENERATE,
        file=graph.file,
        sha256=graph.sha256,
        batch_size=graph.batch_size,
        packet=graph.packet,
    )
    latent = method.inputs.add(name=LATENT).noise
    latent.distribution = manifest_pb2.NOISE_DISTRIBUTION_NORMAL
    latent.shape.extend(graph.latent_shape)
    for condition in upgraded.conditions:
        condition.kind = schema_pb2.CONDITION_KIND_CODE
        method.inputs.add(name=f"condition:{condition.column}").condition.column = condition.column
    for column in manifest.table.columns:
        method.outputs.add(name=column.name, column=column.name)
        if column.nullable:
            method.outputs.add(name=f"valid:{column.name}", validity=column.name)
    if manifest.HasField("image"):
        method.outputs.add(name=IMAGE).image.SetInParent()
    return upgraded
