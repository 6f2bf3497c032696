"""GenerationService: validates, has the workers compute whole messages, streams them."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import tee
from typing import Any

import grpc
from grpc import aio

from synthserve.v1 import generation_pb2
from synthserve_server.encoding.processes import EncodingProcesses
from synthserve_server.errors import IndicesExhaustedError
from synthserve_server.limits.admission import Admission
from synthserve_server.limits.pace import Paces
from synthserve_server.limits.quotas import Kind
from synthserve_server.repository import Repository
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.frames import cut
from synthserve_server.runtime.messages import Job
from synthserve_server.runtime.scheduler import Scheduler
from synthserve_server.security.principals import who
from synthserve_server.services import record
from synthserve_server.services.messages import Messages, image_messages, marks, row_messages
from synthserve_server.services.requests import Order, image_order, row_order
from synthserve_server.services.sizes import Sizes, image_sizes, row_sizes
from synthserve_server.telemetry.calls import Stream, serving
from synthserve_server.telemetry.request_ids import KEY

SERVICE = generation_pb2.DESCRIPTOR.services_by_name["GenerationService"].full_name

Context = aio.ServicerContext[Any, bytes]


class GenerationService:
    """Streams generated rows and images. Responses are serialised by the workers, not by gRPC."""

    def __init__(
        self,
        repository: Repository,
        scheduler: Scheduler[Job],
        admission: Admission,
        processes: EncodingProcesses | None = None,
    ) -> None:
        """Wires the service.

        Args:
            repository: The models.
            scheduler: The workers.
            admission: What callers may do.
            processes: Encode images; None: the workers do.
        """
        self._processes = processes
        self._repository = repository
        self._scheduler = scheduler
        self._admission = admission

    def handler(self) -> grpc.GenericRpcHandler:
        """The handlers to register with a server; without a response serializer, as they yield bytes."""
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "GenerateRows": grpc.unary_stream_rpc_method_handler(
                self.generate_rows,
                request_deserializer=generation_pb2.GenerateRowsRequest.FromString,
            ),
            "GenerateImages": grpc.unary_stream_rpc_method_handler(
                self.generate_images,
                request_deserializer=generation_pb2.GenerateImagesRequest.FromString,
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def generate_rows(
        self, request: generation_pb2.GenerateRowsRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """Checks the request and returns the serialised GenerateRowsResponse messages."""
        call, caller = serving.get(), who(context).name
        call.named(request.model)
        order = row_order(request, self._repository.catalogue, self._admission.quotas.of(caller).max_count)
        pace = self._admission.pace(caller, Kind.ROWS)
        return self._stream(order, row_sizes(order), row_messages(order, call.observer), pace, context)

    def generate_images(
        self, request: generation_pb2.GenerateImagesRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """Checks the request and returns the serialised GenerateImagesResponse messages."""
        call, caller = serving.get(), who(context).name
        call.named(request.model)
        order = image_order(request, self._repository.catalogue, self._admission.quotas.of(caller).max_count)
        pace = self._admission.pace(caller, Kind.IMAGES)
        sizes = image_sizes(order, self._scheduler.workers)
        return self._stream(order, sizes, image_messages(order, call.observer, self._processes), pace, context)

    async def _stream(
        self, order: Order, sizes: Sizes, message: Messages, pace: Paces | None, context: Context
    ) -> AsyncGenerator[bytes, None]:
        cancellation = Cancellation()
        call, principal = serving.get(), who(context).name
        stream = Stream(order.package.id, order.package.version, order.seed, order.start, order.count)
        call.generating(stream)

        # When a call ends while its message is being sent, gRPC drops this generator without closing it.
        def finished(ctx: Context) -> None:
            cancellation.cancel()
            record.write(call, stream, principal, ctx)

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
        await context.send_initial_metadata((*marks(order).items(), (KEY, call.request_id)))
        if order.count is None and order.start == order.stop:
            raise IndicesExhaustedError(order.stop)
        if pace:
            sizes = sizes.at_most(pace.most)
        # What tee keeps between its two readers is what the scheduler looks ahead.
        frames, sent = tee(cut(order.start, order.stop, sizes.first, sizes.rest))
        ordered = (message(cancellation, first, count) for first, count in frames)
        async with aclosing(self._scheduler.stream(ordered, cancellation, head=sizes.head)) as made:
            async for data in made:
                count = next(sent)[1]
                if pace:
                    await pace.wait(count)
                yield data
                call.delivered(count)
        if order.count is None:
            raise IndicesExhaustedError(order.stop)
