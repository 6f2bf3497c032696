"""GRPCInferenceService: describes the raw graphs, and lets the workers run them."""

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from importlib.metadata import version
from itertools import chain
from typing import Any

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import health_pb2

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.contract.model import Table
from synthserve_core.quoting import listed
from synthserve_server.callbacks import on_done
from synthserve_server.errors import InvalidRequestError, ServiceError, Violation
from synthserve_server.limits.admission import Admission, exceeded
from synthserve_server.limits.quotas import Kind
from synthserve_server.models.catalogue import ReadyPackage
from synthserve_server.models.repository import Repository
from synthserve_server.rpcs import Computing, Rpc
from synthserve_server.scheduling.in_order import in_order
from synthserve_server.scheduling.jobs import Job, Made
from synthserve_server.scheduling.scheduler import Scheduler
from synthserve_server.security.principals import ADMIN, current_principal
from synthserve_server.services.health import ModelHealth
from synthserve_server.services.models import log_change
from synthserve_server.services.oip import descriptions, inference_pb2
from synthserve_server.services.oip.job import Inference, mark_final
from synthserve_server.services.oip.record import InferenceRecord
from synthserve_server.services.oip.requests import LARGEST_REQUEST, Order, order, parsed, ready_package
from synthserve_server.services.oip.statistics import Statistics
from synthserve_server.status import status_code, to_status
from synthserve_server.telemetry.calls import Call, Stream, serving
from synthserve_server.telemetry.request_ids import KEY

DESCRIPTOR = inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]

_EXTENSIONS = ("model_configuration", "model_repository", "statistics")

_log = structlog.get_logger()

Context = aio.ServicerContext[Any, Any]


class InferenceService:
    """The Open Inference Protocol with Triton's extensions; methods are in the order of the protocol."""

    def __init__(
        self, repository: Repository, scheduler: Scheduler[Job, Made], health: ModelHealth, admission: Admission
    ) -> None:
        """Wires the service.

        Args:
            repository: The models.
            scheduler: The workers.
            health: The health of the server.
            admission: The limits of callers.
        """
        self._repository = repository
        self._scheduler = scheduler
        self._health = health
        self._admission = admission
        self._statistics = Statistics()

    def rpcs(self) -> list[Rpc]:
        """The declarations of the methods."""
        methods = DESCRIPTOR.methods_by_name
        return [
            Rpc(methods["ServerLive"], self.server_live),
            Rpc(methods["ServerReady"], self.server_ready),
            Rpc(methods["ModelReady"], self.model_ready),
            Rpc(methods["ServerMetadata"], self.server_metadata),
            Rpc(methods["ModelMetadata"], self.model_metadata),
            Rpc(methods["ModelConfig"], self.model_config),
            Rpc(methods["ModelStatistics"], self.model_statistics),
            Rpc(methods["RepositoryIndex"], self.repository_index),
            Rpc(methods["RepositoryModelLoad"], self.repository_model_load, role=ADMIN),
            Rpc(methods["RepositoryModelUnload"], self.repository_model_unload, role=ADMIN),
            Rpc(methods["ModelInfer"], self.model_infer, LARGEST_REQUEST, Computing.LATER),
            Rpc(methods["ModelStreamInfer"], self.model_stream_infer, LARGEST_REQUEST, Computing.LATER),
        ]

    async def server_live(
        self, request: inference_pb2.ServerLiveRequest, context: Context
    ) -> inference_pb2.ServerLiveResponse:
        """Answers that the server is live."""
        return inference_pb2.ServerLiveResponse(live=True)

    async def server_ready(
        self, request: inference_pb2.ServerReadyRequest, context: Context
    ) -> inference_pb2.ServerReadyResponse:
        """Whether the server accepts requests, by its health in `grpc.health.v1`."""
        health = await self._health.Check(health_pb2.HealthCheckRequest(), context)
        return inference_pb2.ServerReadyResponse(ready=health.status == health_pb2.HealthCheckResponse.SERVING)

    async def model_ready(
        self, request: inference_pb2.ModelReadyRequest, context: Context
    ) -> inference_pb2.ModelReadyResponse:
        """Whether a model can be run."""
        try:
            self._package(request)
        except ServiceError:
            return inference_pb2.ModelReadyResponse(ready=False)
        return inference_pb2.ModelReadyResponse(ready=True)

    async def server_metadata(
        self, request: inference_pb2.ServerMetadataRequest, context: Context
    ) -> inference_pb2.ServerMetadataResponse:
        """The name, version and extensions of the server."""
        return inference_pb2.ServerMetadataResponse(
            name="synthserve", version=version("synthserve-server"), extensions=_EXTENSIONS
        )

    async def model_metadata(
        self, request: inference_pb2.ModelMetadataRequest, context: Context
    ) -> inference_pb2.ModelMetadataResponse:
        """The inputs and outputs of a model."""
        return descriptions.metadata(self._package(request), self._repository.catalogue)

    async def model_config(
        self, request: inference_pb2.ModelConfigRequest, context: Context
    ) -> inference_pb2.ModelConfigResponse:
        """Triton's description of a model."""
        most = self._max_count(current_principal().name)
        return inference_pb2.ModelConfigResponse(config=descriptions.config(self._package(request), most))

    async def model_statistics(
        self, request: inference_pb2.ModelStatisticsRequest, context: Context
    ) -> inference_pb2.ModelStatisticsResponse:
        """The statistics of a version, of all versions of a model, or of all models."""
        models = self._repository.catalogue.models
        asked = self._package(request) if request.name or request.version else None
        if asked and request.version:
            ready = [asked]
        else:
            versions = [models[asked.id]] if asked else models.values()
            ready = [package for package in chain(*versions) if isinstance(package, ReadyPackage)]
        return inference_pb2.ModelStatisticsResponse(model_stats=map(self._statistics.of, ready))

    async def repository_index(
        self, request: inference_pb2.RepositoryIndexRequest, context: Context
    ) -> inference_pb2.RepositoryIndexResponse:
        """Every version and its state."""
        _check_repository(request.repository_name)
        return descriptions.index(self._repository.catalogue, ready=request.ready)

    async def repository_model_load(
        self, request: inference_pb2.RepositoryModelLoadRequest, context: Context
    ) -> inference_pb2.RepositoryModelLoadResponse:
        """Loads a model."""
        serving.get().named(f"models/{request.model_name}")
        log_change("load", request.model_name)
        await self._repository.load_model(self._model_to_change(request, set()))
        return inference_pb2.RepositoryModelLoadResponse()

    async def repository_model_unload(
        self, request: inference_pb2.RepositoryModelUnloadRequest, context: Context
    ) -> inference_pb2.RepositoryModelUnloadResponse:
        """Takes a model out of service, and waits for its streams."""
        serving.get().named(f"models/{request.model_name}")
        log_change("unload", request.model_name)
        await self._repository.unload_model(self._model_to_change(request, {"unload_dependents"}))
        return inference_pb2.RepositoryModelUnloadResponse()

    async def model_infer(self, request: inference_pb2.ModelInferRequest, context: Context) -> bytes:
        """Runs a graph once, and returns the serialised ModelInferResponse."""
        call, caller, cancellation = serving.get(), current_principal().name, Cancellation()
        ordered = self._order(request, call, caller)
        if refusal := self._admission.late(caller, _kind(ordered)):
            raise exceeded(refusal)
        record = InferenceRecord(call, caller)
        on_done(context, record.write)
        name = ("synthserve-model", ordered.package.model.name)
        await context.send_initial_metadata((*_MARK, name, (KEY, call.request_id)))
        job = Inference(ordered, cancellation, self._statistics, streamed=False, observe=call.observer)
        # Closing the stream at the end of the call also stops the job of a cancelled or expired call.
        async with aclosing(self._scheduler.stream([job], cancellation)) as made:
            answer = (await anext(made)).data
        await self._counted(ordered, record, caller)
        return answer

    async def model_stream_infer(
        self, requests: AsyncIterable[inference_pb2.ModelInferRequest], context: Context
    ) -> AsyncGenerator[bytes, None]:
        """Runs graphs as requests arrive, and yields serialised ModelStreamInferResponse messages in their order."""
        call, caller, cancellation = serving.get(), current_principal().name, Cancellation()
        record = InferenceRecord(call, caller)

        # When a call ends while its message is being sent, gRPC drops this generator without closing it.
        def finished(ctx: Context) -> None:
            cancellation.cancel()
            record.write(ctx)

        on_done(context, finished)
        await context.send_initial_metadata((*_MARK, (KEY, call.request_id)))
        with self._scheduler.submitter(cancellation) as submit:

            async def answer(request: inference_pb2.ModelInferRequest) -> bytes:
                try:
                    ordered = self._order(request, call, caller)
                    made = await submit(Inference(ordered, cancellation, self._statistics, True, call.observer))
                except Exception as error:
                    record.failed += 1
                    return _refusal(request.id, error)
                await self._counted(ordered, record, caller)
                return made.data

            async with aclosing(in_order(requests, answer, self._scheduler.workers + 1)) as answers:
                async for data in answers:
                    yield data

    def _order(self, request: inference_pb2.ModelInferRequest, call: Call, caller: str) -> Order:
        call.named(f"models/{request.model_name}")
        ordered = order(request, self._repository.catalogue, self._max_count(caller))
        # With several models in one stream, metrics by model use the last one that was requested.
        run = Stream(ordered.package.id, ordered.package.version, seed=None, offset=0, count=None)
        if call.stream != run:
            call.generating(run)
        return ordered

    async def _counted(self, ordered: Order, record: InferenceRecord, caller: str) -> None:
        """Waits until the caller's rate allows the answer, and counts it."""
        if pace := self._admission.pace(caller, _kind(ordered)):
            await pace.wait(ordered.batch)
        record.answered += 1
        record.call.delivered(ordered.batch)

    def _max_count(self, caller: str) -> int | None:
        return self._admission.quotas.of(caller).max_count

    def _package(self, request: Any) -> ReadyPackage:  # noqa: ANN401 - several messages have these two fields
        return ready_package(self._repository.catalogue, request.name, request.version)

    def _model_to_change(self, request: Any, ignored: set[str]) -> str:  # noqa: ANN401 - to load or to unload
        """The model that a request names. Parameters other than the ignored ones are refused."""
        _check_repository(request.repository_name)
        if others := request.parameters.keys() - ignored:
            raise InvalidRequestError([Violation("parameters", f"not served: {listed(sorted(others))}")])
        return parsed(self._repository.catalogue, request.model_name, "", "model_").id


_MARK = (("synthserve-synthetic", "true"),)
"""Metadata that mark the answers as synthetic, as in generated streams."""


def _kind(ordered: Order) -> Kind:
    return Kind.ROWS if isinstance(ordered.package.model.output, Table) else Kind.IMAGES


def _refusal(request_id: str, error: Exception) -> bytes:
    """The response of a stream to a failed request."""
    if status_code(error) is grpc.StatusCode.INTERNAL:
        _log.error("inference failed", exc_info=error)
    refusal = inference_pb2.ModelStreamInferResponse(error_message=to_status(error).message)
    refusal.infer_response.id = request_id
    mark_final(refusal.infer_response)
    return refusal.SerializeToString()


def _check_repository(name: str) -> None:
    if name:
        raise InvalidRequestError([Violation("repository_name", "must be empty: there is one repository")])
