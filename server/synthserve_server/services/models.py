"""ModelService: tells what the server can generate, and lets administrators change it."""

import base64
import binascii
from bisect import bisect_right
from typing import Any

from grpc import aio

from synthserve.v1 import model_pb2, model_pb2_grpc
from synthserve_server import names
from synthserve_server.catalogue import UNKNOWN_VERSION, Catalogue, FailedPackage, Package, ReadyPackage
from synthserve_server.errors import InvalidRequestError, Violation, quoted
from synthserve_server.repository import Repository
from synthserve_server.services.administrators import require_admin
from synthserve_server.states import State
from synthserve_server.telemetry.calls import serving

SERVICE = model_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000

Context = aio.ServicerContext[Any, Any]

_STATES = {
    State.READY: model_pb2.MODEL_STATE_READY,
    State.FAILED: model_pb2.MODEL_STATE_FAILED,
    State.LOADING: model_pb2.MODEL_STATE_LOADING,
    State.UNLOADING: model_pb2.MODEL_STATE_UNLOADING,
}


class ModelService(model_pb2_grpc.ModelServiceServicer):
    """Describes models, and loads and unloads them."""

    def __init__(self, repository: Repository) -> None:
        """Wires the service to the models."""
        self._repository = repository

    async def ListModels(  # noqa: N802 - gRPC's name.
        self, request: model_pb2.ListModelsRequest, context: Context
    ) -> model_pb2.ListModelsResponse:
        """A page of the models, by name."""
        violations = []
        if request.page_size < 0:
            violations.append(
                Violation("page_size", f"must be at least 1, or 0 for {DEFAULT_PAGE_SIZE}, not {request.page_size}")
            )
        last = _last_id(request.page_token)
        if last is None:
            violations.append(Violation("page_token", f"{quoted(request.page_token)} is no page token of this method"))
        if last is None or violations:
            raise InvalidRequestError(violations)
        catalogue = self._repository.catalogue
        size = min(request.page_size or DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE)
        ids = sorted(catalogue.models)
        start = bisect_right(ids, last)
        page = ids[start : start + size]
        return model_pb2.ListModelsResponse(
            models=[_described(catalogue, catalogue.default(model_id)) for model_id in page],
            next_page_token=_token(page[-1]) if start + size < len(ids) else "",
        )

    async def GetModel(  # noqa: N802 - the name that the contract gives
        self, request: model_pb2.GetModelRequest, context: Context
    ) -> model_pb2.GetModelResponse:
        """One model or version."""
        serving.get().named(request.name)
        name = names.parse(request.name)
        catalogue = self._repository.catalogue
        if name is None:
            meant = names.meant(request.name, catalogue.models)
            raise InvalidRequestError([Violation("name", f"must be {names.FORM}, not {quoted(request.name)}{meant}")])
        return model_pb2.GetModelResponse(model=_described(catalogue, catalogue.find(name)))

    async def LoadModel(  # noqa: N802 - the name that the contract gives
        self, request: model_pb2.LoadModelRequest, context: Context
    ) -> model_pb2.LoadModelResponse:
        """Loads a model."""
        serving.get().named(request.name)
        require_admin(context, "LoadModel", request.name)
        model_id = self._model_id(request.name)
        changes = await self._repository.load_model(model_id)
        catalogue = self._repository.catalogue
        return model_pb2.LoadModelResponse(
            model=_described(catalogue, catalogue.find(names.ModelName(model_id, None))),
            loaded_versions=changes.loaded,
        )

    async def UnloadModel(  # noqa: N802 - the name that the contract gives
        self, request: model_pb2.UnloadModelRequest, context: Context
    ) -> model_pb2.UnloadModelResponse:
        """Takes a model out of service, and waits for its streams."""
        serving.get().named(request.name)
        require_admin(context, "UnloadModel", request.name)
        await self._repository.unload_model(self._model_id(request.name))
        return model_pb2.UnloadModelResponse()

    async def ReloadModels(  # noqa: N802 - the name that the contract gives
        self, request: model_pb2.ReloadModelsRequest, context: Context
    ) -> model_pb2.ReloadModelsResponse:
        """Looks at the repository again."""
        require_admin(context, "ReloadModels")
        changes = await self._repository.reload()
        return model_pb2.ReloadModelsResponse(
            loaded_versions=changes.loaded,
            unloaded_versions=changes.unloaded,
            failures=[model_pb2.ModelFailure(name=name, reason=reason) for name, reason in changes.failed.items()],
        )

    def _model_id(self, name: str) -> str:
        parsed = names.parse(name)
        if parsed is None or parsed.version is not None:
            meant = "" if parsed else names.meant(name, self._repository.catalogue.models)
            raise InvalidRequestError([Violation("name", f"must be models/{{model}}, not {quoted(name)}{meant}")])
        return parsed.id


def _described(catalogue: Catalogue, package: Package) -> model_pb2.Model:
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
    if not isinstance(package, ReadyPackage):
        return model
    model.state_reason = package.reload_failure
    manifest = package.manifest
    if manifest.WhichOneof("output") == "table":
        model.table.CopyFrom(manifest.table)
    else:
        model.image.CopyFrom(manifest.image)
    model.conditions.extend(manifest.conditions)
    model.figures.extend(manifest.figures)
    model.card.CopyFrom(manifest.card)
    model.graph_sha256 = manifest.graph.sha256
    return model


# A token names the last model of its page, so that models which come or go between two pages change no other entry.
_PREFIX = b"after:"


def _token(last_id: str) -> str:
    return base64.urlsafe_b64encode(_PREFIX + last_id.encode()).decode()


def _last_id(token: str) -> str | None:
    """The model that a token names, "" for the first page; None when it is not a token."""
    if not token:
        return ""
    try:
        content = base64.b64decode(token.encode(), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    model_id = content.removeprefix(_PREFIX).decode("latin-1")
    is_token = content.startswith(_PREFIX) and names.MODEL_ID.fullmatch(model_id)
    return model_id if is_token else None
