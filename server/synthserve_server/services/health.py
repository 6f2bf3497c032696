"""Health as `grpc.health.v1` has it: of the server, its services and, as `models/{model}`, what the catalogue says."""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2

from synthserve_server.models.catalogue import Catalogue, ReadyPackage

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_GONE = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class ModelHealth(health.aio.HealthServicer):
    """SERVING for the server, each of its services, and each model that can generate.

    NOT_SERVING for a model that failed, loads or unloads, and for all once the server stops. A model that is not there
    any more is as one that never was: NOT_FOUND for who checks, SERVICE_UNKNOWN for who watches.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def serve(self, services: Iterable[str]) -> None:
        """Answers for services by their full names, as for the server itself, until it shuts down."""
        for service in services:
            await self.set(service, _SERVING)

    async def follow(self, catalogue: Catalogue) -> None:
        """Tells what has changed since the last catalogue."""
        async with self._lock:
            now = {f"models/{model_id}": _status(catalogue, model_id) for model_id in catalogue.models}
            gone = dict.fromkeys(self._told.keys() - now.keys(), _GONE)
            for service, status in (now | gone).items():
                if self._told.get(service) != status:
                    self._told[service] = status
                    await self.set(service, status)

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> Any:  # noqa: ANN401, N802 - as the base has it
        """One look. Only watchers are ever told SERVICE_UNKNOWN."""
        if self._told.get(request.service) == _GONE:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return await super().Check(request, context)


def _status(catalogue: Catalogue, model_id: str) -> Any:  # noqa: ANN401 - an enum of protobuf
    ready = isinstance(catalogue.default(model_id), ReadyPackage)
    return _SERVING if ready else _NOT_SERVING
