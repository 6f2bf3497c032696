"""Describes models as `synthserve.v1.Model` messages."""

from synthserve.v1 import model_pb2, schema_pb2
from synthserve_core.contract.model import MethodKind
from synthserve_server.models.catalogue import UNKNOWN_VERSION, Catalogue, FailedPackage, Package, ReadyPackage
from synthserve_server.models.states import State
from synthserve_server.services.schemas import schema_of

_STATES = {
    State.READY: model_pb2.MODEL_STATE_READY,
    State.FAILED: model_pb2.MODEL_STATE_FAILED,
    State.LOADING: model_pb2.MODEL_STATE_LOADING,
    State.UNLOADING: model_pb2.MODEL_STATE_UNLOADING,
}

_METHODS = {
    MethodKind.GENERATE: schema_pb2.METHOD_GENERATE,
    MethodKind.SCORE: schema_pb2.METHOD_SCORE,
    MethodKind.TRANSFORM: schema_pb2.METHOD_TRANSFORM,
}

_FRAMING = 16
"""Bytes that a list adds to each model."""


def described(catalogue: Catalogue, package: Package, *, categories: bool) -> model_pb2.Model:
    """Describes a version.

    Args:
        catalogue: All packages.
        package: The version.
        categories: Whether to list the categories of columns and conditions, if they fit into a message.
    """
    name = f"models/{package.id}"
    versions = (other.version for other in catalogue.models[package.id])
    model = model_pb2.Model(
        name=name,
        version=f"{name}/versions/{package.version}",
        versions=[f"{name}/versions/{version}" for version in versions if version != UNKNOWN_VERSION],
    )
    model.state = _STATES[package.state]
    if isinstance(package, FailedPackage):
        model.state_reason = package.reason
    if isinstance(package, ReadyPackage):
        model.state_reason = package.reload_failure
        _describe(model, package, categories=categories)
    return model


def description_size(model: model_pb2.Model) -> int:
    """The bytes of a model in a list."""
    return model.ByteSize() + _FRAMING


def _describe(model: model_pb2.Model, package: ReadyPackage, *, categories: bool) -> None:
    schema = schema_of(package.loaded)
    if not categories:
        schema = schema.without_categories()
    if schema.table is not None:
        model.table.CopyFrom(schema.table)
    else:
        model.image.CopyFrom(package.manifest.image)
    model.conditions.extend(schema.conditions)
    model.figures.extend(package.manifest.figures)
    model.card.CopyFrom(package.manifest.card)
    model.graph_sha256 = package.model.generate.sha256
    model.methods.extend(sorted(_METHODS[kind] for kind in package.model.methods))
