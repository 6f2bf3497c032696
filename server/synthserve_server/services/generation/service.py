"""GenerationService: validates requests, and streams messages that the workers compute."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any, NamedTuple, Protocol

from grpc import aio

from synthserve.v1 import generation_pb2
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw
from synthserve_core.contract.model import Arrays
from synthserve_core.errors import RefusedConditionsError
from synthserve_core.generation import GenerationSpec
from synthserve_server.callbacks import on_done
from synthserve_server.errors import IndicesExhaustedError, InvalidRequestError, Violation
from synthserve_server.limits.admission import Admission
from synthserve_server.limits.pace import Paces
from synthserve_server.limits.quotas import Kind
from synthserve_server.models.repository import Repository
from synthserve_server.rpcs import Computing, Rpc
from synthserve_server.scheduling.encoding_processes import EncodingProcesses
from synthserve_server.scheduling.jobs import Job, Made, SampleJob
from synthserve_server.scheduling.scheduler import Scheduler
from synthserve_server.security.principals import current_principal
from synthserve_server.services.generation import log
from synthserve_server.services.generation.image_responses import image_responses
from synthserve_server.services.generation.requests import SampleRequest, images_request, rows_request
from synthserve_server.services.generation.row_responses import row_responses
from synthserve_server.services.generation.sizes import Sizes, image_sizes, row_sizes
from synthserve_server.telemetry.calls import Stream, serving
from synthserve_server.telemetry.request_ids import KEY

DESCRIPTOR = generation_pb2.DESCRIPTOR.services_by_name["GenerationService"]

LARGE_REQUEST = 16 << 10
"""Requests with more bytes are checked in a thread."""

LONGEST_HEADER = 2 << 10
"""The most bytes of a metadata value of a response: clients accept 8 KiB in all. Arrow schemas contain longer ones."""

LARGEST_REQUEST = 1 << 20
"""The most bytes of a request: room for a condition that lists some ten thousand values."""

Context = aio.ServicerContext[Any, bytes]


class Responses(Protocol):
    """The responses of a stream."""

    @property
    def before(self) -> tuple[bytes, ...]:
        """Serialised responses that precede the first sample."""

    def response(self, arrays: Arrays, first_index: int) -> bytes:
        """The serialised response that carries these samples."""


class Plan(NamedTuple):
    """What to do for a request that was checked.

    Attributes:
        request: The request.
        sizes: How many samples its messages carry.
        responses: Makes its messages.
    """

    request: SampleRequest
    sizes: Sizes
    responses: Responses


class GenerationService:
    """Streams generated rows and images. Responses are serialised by the workers, not by gRPC."""

    def __init__(
        self,
        repository: Repository,
        scheduler: Scheduler[Job, Made],
        admission: Admission,
        processes: EncodingProcesses | None = None,
    ) -> None:
        """Wires the service.

        Args:
            repository: The models.
            scheduler: The workers.
            admission: The limits of callers.
            processes: Encode images; None: the workers encode them.
        """
        self._processes = processes
        self._repository = repository
        self._scheduler = scheduler
        self._admission = admission

    def rpcs(self) -> list[Rpc]:
        """The declarations of the methods."""
        methods = DESCRIPTOR.methods_by_name
        return [
            Rpc(methods["GenerateRows"], self.generate_rows, LARGEST_REQUEST, Computing.ROWS),
            Rpc(methods["GenerateImages"], self.generate_images, LARGEST_REQUEST, Computing.IMAGES),
        ]

    def generate_rows(
        self, request: generation_pb2.GenerateRowsRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """The serialised GenerateRowsResponse messages; the request is checked before the first."""
        serving.get().named(request.model)

        def plan() -> Plan:
            checked = rows_request(request, self._repository.catalogue, self._max_count())
            responses = row_responses(checked)
            return Plan(checked, row_sizes(checked, len(responses.info or b"")), responses)

        return self._stream(plan, request.ByteSize(), Kind.ROWS, context)

    def generate_images(
        self, request: generation_pb2.GenerateImagesRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """The serialised GenerateImagesResponse messages; the request is checked before the first."""
        serving.get().named(request.model)

        def plan() -> Plan:
            checked = images_request(request, self._repository.catalogue, self._max_count())
            sizes = image_sizes(checked, self._scheduler.workers)
            return Plan(checked, sizes, image_responses(checked, self._processes))

        return self._stream(plan, request.ByteSize(), Kind.IMAGES, context)

    def _max_count(self) -> int | None:
        return self._admission.quotas.of(current_principal().name).max_count

    async def _stream(
        self, plan: Callable[[], Plan], size: int, kind: Kind, context: Context
    ) -> AsyncGenerator[bytes, None]:
        # Thousands of values take long to look up, and other calls must not wait for them.
        request, sizes, responses = await asyncio.to_thread(plan) if size > LARGE_REQUEST else plan()
        cancellation = Cancellation()
        spec = request.spec
        call, principal = serving.get(), current_principal().name
        stream = Stream(spec.model.id, spec.model.version, spec.seed, spec.start, spec.count)
        call.generating(stream)

        # When a call ends while its message is being sent, gRPC drops this generator without closing it.
        def finished(ctx: Context) -> None:
            cancellation.cancel()
            log.write(call, stream, principal, ctx)

        on_done(context, finished)
        told = {key: value for key, value in spec.provenance().items() if len(value) <= LONGEST_HEADER}
        await context.send_initial_metadata((*told.items(), (KEY, call.request_id)))
        if spec.count is None and spec.start == spec.stop:
            raise IndicesExhaustedError(spec.stop)
        pace = self._admission.pace(principal, kind)
        if pace:
            sizes = sizes.at_most(pace.most)
        jobs = self._jobs(request, sizes, responses, cancellation)
        # Whether samples fulfil the conditions, only their first block says: nothing is sent before.
        before, after = ((), responses.before) if spec.settings else (responses.before, ())
        for data in before:
            yield data
        try:
            async with aclosing(self._scheduler.stream(jobs, cancellation, head=sizes.head)) as results:
                async for made in results:
                    for data in after:
                        yield data
                    after = ()
                    await _deliver(made, pace)
                    yield made.data
                    call.delivered(made.samples)
        except RefusedConditionsError as error:
            raise InvalidRequestError([Violation("conditions", str(error))]) from None
        for data in after:  # no sample was asked for
            yield data
        if spec.count is None:
            raise IndicesExhaustedError(spec.stop)

    def _jobs(
        self, request: SampleRequest, sizes: Sizes, responses: Responses, cancellation: Cancellation
    ) -> Iterator[Job]:
        spec: GenerationSpec = request.spec
        observer = serving.get().observer
        session = request.package.session
        for first, count in cut(spec.start, spec.stop, sizes.first, sizes.rest):
            draw = Draw(spec.model, session, spec.seed, first, count, spec.settings)
            yield SampleJob(draw, responses.response, cancellation, observer)


async def _deliver(made: Made, pace: Paces | None) -> None:
    """Waits until the caller's rate allows the samples."""
    if pace:
        await pace.wait(made.samples)
