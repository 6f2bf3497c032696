"""Health by `grpc.health.v1`: of the server, of its services, and of each model as `models/{model}`."""

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

    NOT_SERVING for a model that failed, loads or unloads, and for everything once the server stops. A removed model is
    treated like one that never existed: Check fails with NOT_FOUND, and Watch reports SERVICE_UNKNOWN.
    """

    def __init__(self) -> None:
        super().__init__()
        self._reported: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    async def serve(self, services: Iterable[str]) -> None:
        """Reports services as SERVING, by their full names, until the server shuts down."""
        for service in services:
            await self.set(service, _SERVING)

    async def follow(self, catalogue: Catalogue) -> None:
        """Reports the changes since the last catalogue."""
        async with self._lock:
            now = {f"models/{model_id}": _status(catalogue, model_id) for model_id in catalogue.models}
            gone = dict.fromkeys(self._reported.keys() - now.keys(), _GONE)
            for service, status in (now | gone).items():
                if self._reported.get(service) != status:
                    self._reported[service] = status
                    await self.set(service, status)

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> Any:  # noqa: ANN401, N802 - as the base has it
        """Answers one check. Only Watch reports SERVICE_UNKNOWN."""
        if self._reported.get(request.service) == _GONE:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return await super().Check(request, context)


def _status(catalogue: Catalogue, model_id: str) -> Any:  # noqa: ANN401 - an enum of protobuf
    ready = isinstance(catalogue.default(model_id), ReadyPackage)
    return _SERVING if ready else _NOT_SERVING
