"""GenerationService: validates, has the workers compute whole messages, streams them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any
from urllib.parse import urlencode

import grpc
from grpc import aio

from synthserve.v1 import generation_pb2
from synthserve_server.encoding import images
from synthserve_server.encoding.rows import RowEncoder
from synthserve_server.repository import Repository
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.frames import cut
from synthserve_server.runtime.sampler import sample
from synthserve_server.runtime.scheduler import Scheduler
from synthserve_server.services.frames import columns_response, data_response
from synthserve_server.services.record import StreamRecord
from synthserve_server.services.requests import ImageOrder, Order, RowOrder, image_order, row_order
from synthserve_server.services.sizes import Sizes, image_sizes, row_sizes

SERVICE = generation_pb2.DESCRIPTOR.services_by_name["GenerationService"].full_name

Context = aio.ServicerContext[Any, bytes]

Job = Callable[[Cancellation, bool, int, int], bytes]
"""Computes one message: cancellation, whether it is the first, first index, count."""


class GenerationService:
    """Streams generated rows and images. Responses are serialised by the workers, not by gRPC."""

    def __init__(self, repository: Repository, scheduler: Scheduler, max_count: int | None) -> None:
        """Wires the service.

        Args:
            repository: The models.
            scheduler: The workers.
            max_count: The most samples that one call may ask for; None: no limit.
        """
        self._repository = repository
        self._scheduler = scheduler
        self._max_count = max_count

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

    async def generate_rows(
        self, request: generation_pb2.GenerateRowsRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """Yields serialised GenerateRowsResponse messages."""
        order = row_order(request, self._repository.catalogue, self._max_count)
        async with aclosing(self._stream(order, row_sizes(order), _rows_job(order), context)) as messages:
            async for message in messages:
                yield message

    async def generate_images(
        self, request: generation_pb2.GenerateImagesRequest, context: Context
    ) -> AsyncGenerator[bytes, None]:
        """Yields serialised GenerateImagesResponse messages."""
        order = image_order(request, self._repository.catalogue, self._max_count)
        sizes = image_sizes(order, self._scheduler.workers)
        async with aclosing(self._stream(order, sizes, _images_job(order), context)) as messages:
            async for message in messages:
                yield message

    async def _stream(self, order: Order, sizes: Sizes, job: Job, context: Context) -> AsyncGenerator[bytes, None]:
        cancellation = Cancellation()
        record = StreamRecord(order.package.model.name, order.seed, order.start)

        # When a call ends while its message is being sent, gRPC drops this generator without closing it.
        def finished(ctx: Context) -> None:
            cancellation.cancel()
            record.write()

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
        await context.send_initial_metadata(tuple(_marks(order).items()))
        frames = cut(order.start, order.stop, sizes.first, sizes.rest)
        counts = (count for _, count in cut(order.start, order.stop, sizes.first, sizes.rest))
        jobs = (partial(job, cancellation, first == order.start, first, count) for first, count in frames)
        with record.outcome():
            async with aclosing(self._scheduler.stream(jobs, cancellation)) as messages:
                async for message in messages:
                    yield message
                    record.samples += next(counts)


def _marks(order: Order) -> dict[str, str]:
    """What says, in metadata and file headers, that the stream is synthetic and how to make it again."""
    return {
        "synthserve-model": order.package.model.name,
        "synthserve-seed": str(order.seed),
        "synthserve-offset": str(order.start),
    }


def _rows_job(order: RowOrder) -> Job:
    marks = {key.replace("-", "."): value for key, value in _marks(order).items()}
    encoder = RowEncoder(order.table, order.file_format, marks) if order.file_format else None
    info = generation_pb2.RowStreamInfo(
        model=order.package.model.name,
        seed=order.seed,
        schema=order.package.manifest.table,
        preamble=encoder.preamble if encoder else b"",
    ).SerializeToString()

    def job(cancellation: Cancellation, is_first: bool, first: int, count: int) -> bytes:
        package = order.package
        arrays = sample(package.model, package.session, order.seed, first, count, order.conditions, cancellation)
        head = info if is_first else None
        if encoder is None:
            return columns_response(order.table, arrays, head, first, count)
        return data_response(encoder.encode(arrays), head, first, count)

    return job


def _images_job(order: ImageOrder) -> Job:
    model = order.package.model
    info = generation_pb2.ImageStreamInfo(
        model=model.name,
        seed=order.seed,
        schema=order.package.manifest.image,
        media_type=order.file_format.value,
    )
    categories = {condition.name: condition.categories for condition in model.conditions}
    where = {f"where.{name}": categories[name][code] for name, code in order.conditions.items()}

    def job(cancellation: Cancellation, is_first: bool, first: int, count: int) -> bytes:
        arrays = sample(model, order.package.session, order.seed, first, count, order.conditions, cancellation)
        head, tail = f"{model.id}/{model.version}?seed={order.seed}&index=", f"&{urlencode(where)}" if where else ""
        marks = [f"{head}{index}{tail}" for index in range(first, first + count)]
        encoded = images.encode(arrays["image"], order.file_format, order.jpeg_quality, marks)
        response = generation_pb2.GenerateImagesResponse(
            info=info if is_first else None, first_index=first, images=encoded
        )
        return response.SerializeToString()

    return job
