"""ModelService: describes models, and lets administrators load and unload them."""

from typing import Any

import structlog
from grpc import aio

from synthserve.v1 import model_pb2
from synthserve_core.contract import names
from synthserve_core.quoting import quoted
from synthserve_server.errors import InvalidRequestError, Violation
from synthserve_server.models.repository import Repository
from synthserve_server.rpcs import Rpc
from synthserve_server.security.principals import ADMIN, current_principal
from synthserve_server.services import pages
from synthserve_server.services.descriptions import described, description_size
from synthserve_server.telemetry.calls import serving

DESCRIPTOR = model_pb2.DESCRIPTOR.services_by_name["ModelService"]

DEFAULT_PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 1000

LARGEST_PAGE = 3 << 20
"""The most bytes of a page: clients accept 4 MiB by default."""

Context = aio.ServicerContext[Any, Any]

_log = structlog.get_logger()


class ModelService:
    """Describes models, and loads and unloads them."""

    def __init__(self, repository: Repository) -> None:
        """Wires the service to the models."""
        self._repository = repository

    def rpcs(self) -> list[Rpc]:
        """The declarations of the methods."""
        methods = DESCRIPTOR.methods_by_name
        return [
            Rpc(methods["ListModels"], self.list_models),
            Rpc(methods["GetModel"], self.get_model),
            Rpc(methods["LoadModel"], self.load_model, role=ADMIN),
            Rpc(methods["UnloadModel"], self.unload_model, role=ADMIN),
            Rpc(methods["ReloadModels"], self.reload_models, role=ADMIN),
        ]

    async def list_models(
        self, request: model_pb2.ListModelsRequest, _context: Context
    ) -> model_pb2.ListModelsResponse:
        """A page of the models, by name."""
        violations = []
        if request.page_size < 0:
            violations.append(
                Violation("page_size", f"must be at least 1, or 0 for {DEFAULT_PAGE_SIZE}, not {request.page_size}")
            )
        if request.view not in model_pb2.ModelView.values():
            violations.append(Violation("view", f"{request.view} is not a view"))
        last = pages.last_model(request.page_token)
        if last is None:
            violations.append(
                Violation("page_token", f"{quoted(request.page_token)} is not a page token of this method")
            )
        if last is None or violations:
            raise InvalidRequestError(violations)
        catalogue = self._repository.catalogue
        full = request.view == model_pb2.MODEL_VIEW_FULL
        most = min(request.page_size or DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE)
        waiting = [model_id for model_id in sorted(catalogue.models) if model_id > last]
        response, room = model_pb2.ListModelsResponse(), LARGEST_PAGE
        for model_id in waiting[:most]:
            model = described(catalogue, catalogue.default(model_id), categories=full)
            size = description_size(model)
            if response.models and size > room:
                break
            response.models.append(model)
            room -= size
        if response.models and len(response.models) < len(waiting):
            response.next_page_token = pages.after_model(waiting[len(response.models) - 1])
        return response

    async def get_model(self, request: model_pb2.GetModelRequest, _context: Context) -> model_pb2.GetModelResponse:
        """One model or version: its description, and on further pages the categories of a large one."""
        serving.get().named(request.name)
        name = names.parse(request.name)
        catalogue = self._repository.catalogue
        if name is None:
            meant = names.meant(request.name, catalogue.models)
            raise InvalidRequestError([Violation("name", f"must be {names.FORM}, not {quoted(request.name)}{meant}")])
        package = catalogue.find(name)
        page = pages.schema_page(package, request.page_token)
        if page is None:
            problem = (
                f"{quoted(request.page_token)} is not a page token of this model as it is now; start without a token"
            )
            raise InvalidRequestError([Violation("page_token", problem)])
        response = model_pb2.GetModelResponse(next_page_token=page.next_token)
        if page.part is None:
            response.model.CopyFrom(described(catalogue, package, categories=True))
        else:
            response.part.CopyFrom(page.part)
        return response

    async def load_model(self, request: model_pb2.LoadModelRequest, _context: Context) -> model_pb2.LoadModelResponse:
        """Loads a model."""
        model_id = self._to_change("load", request.name)
        changes = await self._repository.load_model(model_id)
        catalogue = self._repository.catalogue
        return model_pb2.LoadModelResponse(
            model=described(catalogue, catalogue.find(names.ModelName(model_id, None)), categories=True),
            loaded_versions=changes.loaded,
        )

    async def unload_model(
        self, request: model_pb2.UnloadModelRequest, _context: Context
    ) -> model_pb2.UnloadModelResponse:
        """Takes a model out of service, and waits for its streams."""
        await self._repository.unload_model(self._to_change("unload", request.name))
        return model_pb2.UnloadModelResponse()

    async def reload_models(
        self, _request: model_pb2.ReloadModelsRequest, _context: Context
    ) -> model_pb2.ReloadModelsResponse:
        """Checks the repository for changes."""
        log_change("reload", "")
        changes = await self._repository.reload()
        return model_pb2.ReloadModelsResponse(
            loaded_versions=changes.loaded,
            unloaded_versions=changes.unloaded,
            failures=[model_pb2.ModelFailure(name=name, reason=reason) for name, reason in changes.failed.items()],
        )

    def _to_change(self, change: str, name: str) -> str:
        """The identifier of the model that an administrator names."""
        serving.get().named(name)
        log_change(change, name)
        parsed = names.parse(name)
        if parsed is None or parsed.version is not None:
            meant = "" if parsed else names.meant(name, self._repository.catalogue.models)
            raise InvalidRequestError([Violation("name", f"must be models/{{model}}, not {quoted(name)}{meant}")])
        return parsed.id


def log_change(change: str, name: str) -> None:
    """Logs that an administrator changes the served models.

    Args:
        change: The change: load, unload or reload.
        name: The name of the model in the request; empty: all models.
    """
    _log.info(
        "model change requested", change=change, name=name, principal=current_principal().name, **serving.get().ids
    )
