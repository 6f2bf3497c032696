"""The asyncio client. `_client` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, SupportsIndex

import grpc

from synthserve import _models
from synthserve._checks import invalid
from synthserve._names import resource_name
from synthserve._samples.job import Job
from synthserve._samples.kinds import IMAGES, ROWS
from synthserve._samples.requests import ImageFormat, images_request, rows_request
from synthserve._streams.async_images import AsyncImageStream
from synthserve._streams.async_rows import AsyncRowStream
from synthserve._streams.singletons import NotCopied
from synthserve._transport.async_calls import AsyncCaller
from synthserve._transport.channels import LoopChannels
from synthserve._transport.connection import ChannelOptions, Connection
from synthserve._transport.headers import AsyncToken, Metadata
from synthserve._transport.retry import RetryPolicy
from synthserve.v1 import generation_pb2_grpc, model_pb2, model_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from synthserve._models import Model, ModelChanges


class AsyncClient(NotCopied):
    """A connection to a server for asyncio. Each event loop that uses it gets a channel of its own.

    Takes the same arguments as `Client`, and has the same methods: those that ask at once are awaited; those that give
    a stream are not, but what the stream does is.

    Args:
        target: The server's address; see `Client`.
        credentials: How to secure the connection. None: plain text.
        metadata: Sent with every call.
        token: A bearer token, or a function or coroutine function that gives one for each attempt of each call; it
            must not block.
        insecure_token: Whether the token may be sent in plain text to another machine.
        retry: How often to try again while the server is unavailable.
        options: gRPC channel arguments, over the defaults.

    Raises:
        InvalidRequest: `target` is not an address, or others could read the token on its way there.

    Example:
        >>> import asyncio, synthserve
        >>> async def main() -> int:
        ...     async with synthserve.AsyncClient("localhost:50051") as client:
        ...         frame = await client.rows("iris-vae", count=1_000, seed=7).to_pandas()
        ...         return len(frame)
        >>> asyncio.run(main())
        1000
    """

    def __init__(
        self,
        target: str,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Metadata = (),
        token: AsyncToken | None = None,
        insecure_token: bool = False,
        retry: RetryPolicy | None = None,
        options: ChannelOptions = (),
    ) -> None:
        if not isinstance(retry, RetryPolicy | None):
            raise invalid("retry", f"must be a RetryPolicy, not {retry!r}")
        connection = Connection.checked(
            target,
            credentials=credentials,
            metadata=metadata,
            token=token,
            insecure_token=insecure_token,
            options=options,
        )
        self._caller = AsyncCaller(connection, retry or RetryPolicy(), token)
        self._channels = LoopChannels(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; what is running is cancelled."""
        await self._channels.close()

    async def models(self, *, full: bool = False, timeout: float | None = None) -> list[Model]:  # noqa: ASYNC109 - gRPC's deadline
        """Lists the models of the server; see `Client.models`."""
        found: list[Model] = []
        request = _models.list_request(full=full)
        while True:
            page = await self._caller.unary(self._model_service().ListModels, request, timeout)
            found += [_models.model(message) for message in page.models]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def model(self, name: str, *, timeout: float | None = None) -> Model:  # noqa: ASYNC109 - gRPC's deadline, as above
        """Describes one model; see `Client.model`."""
        request = model_pb2.GetModelRequest(name=resource_name(name))
        pages = _models.ModelPages()
        while token := pages.add(await self._caller.unary(self._model_service().GetModel, request, timeout)):
            request.page_token = token
        return pages.model()

    async def load_model(self, name: str, *, timeout: float | None = None) -> Model:  # noqa: ASYNC109 - as above
        """Has the server load a model from its repository; see `Client.load_model`."""
        request = model_pb2.LoadModelRequest(name=resource_name(name))
        return _models.model((await self._caller.unary(self._model_service().LoadModel, request, timeout)).model)

    async def unload_model(self, name: str, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Has the server take a model out of service; see `Client.unload_model`."""
        request = model_pb2.UnloadModelRequest(name=resource_name(name))
        await self._caller.unary(self._model_service().UnloadModel, request, timeout)

    async def reload_models(self, *, timeout: float | None = None) -> ModelChanges:  # noqa: ASYNC109 - as above
        """Has the server look at its repository again; see `Client.reload_models`."""
        request = model_pb2.ReloadModelsRequest()
        return _models.model_changes(await self._caller.unary(self._model_service().ReloadModels, request, timeout))

    def rows(
        self,
        model: str,
        *,
        count: SupportsIndex | None = None,
        seed: SupportsIndex | None = None,
        offset: SupportsIndex = 0,
        where: Mapping[str, object] | None = None,
        rows_per_message: SupportsIndex = 0,
        timeout: float | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> AsyncRowStream:
        """Asks for rows of a table model; see `Client.rows`."""
        request = rows_request(
            model, count=count, seed=seed, offset=offset, where=where, rows_per_message=rows_per_message
        )
        job = Job(request, ROWS, policy=self._caller.policy, on_progress=on_progress)
        return AsyncRowStream(lambda: (self._caller, self._generation().GenerateRows), job, timeout)

    def images(
        self,
        model: str,
        *,
        count: SupportsIndex | None = None,
        seed: SupportsIndex | None = None,
        offset: SupportsIndex = 0,
        where: Mapping[str, object] | None = None,
        format: ImageFormat = "png",  # noqa: A002 - the word that callers expect
        jpeg_quality: SupportsIndex | None = None,
        images_per_message: SupportsIndex = 0,
        timeout: float | None = None,
        on_progress: Callable[[int], None] | None = None,
    ) -> AsyncImageStream:
        """Asks for images of an image model; see `Client.images`."""
        request = images_request(
            model,
            count=count,
            seed=seed,
            offset=offset,
            where=where,
            format=format,
            jpeg_quality=jpeg_quality,
            images_per_message=images_per_message,
        )
        job = Job(request, IMAGES, policy=self._caller.policy, on_progress=on_progress)
        return AsyncImageStream(lambda: (self._caller, self._generation().GenerateImages), job, timeout)

    def _generation(self) -> generation_pb2_grpc.GenerationServiceAsyncStub:
        return generation_pb2_grpc.GenerationServiceStub(self._channels.get())

    def _model_service(self) -> model_pb2_grpc.ModelServiceAsyncStub:
        return model_pb2_grpc.ModelServiceStub(self._channels.get())
