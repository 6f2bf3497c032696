"""The sync client. `_async_client` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, SupportsIndex

import grpc

from synthserve import _models
from synthserve._checks import invalid
from synthserve._names import resource_name
from synthserve._samples.job import Job
from synthserve._samples.kinds import IMAGES, ROWS
from synthserve._samples.requests import ImageFormat, images_request, rows_request
from synthserve._streams.images import ImageStream
from synthserve._streams.rows import RowStream
from synthserve._streams.singletons import NotCopied
from synthserve._transport.calls import Caller
from synthserve._transport.channels import ProcessChannel
from synthserve._transport.connection import ChannelOptions, Connection
from synthserve._transport.headers import Metadata, Token
from synthserve._transport.retry import RetryPolicy
from synthserve.v1 import generation_pb2_grpc, model_pb2, model_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from synthserve._models import Model, ModelChanges


class Client(NotCopied):
    """A connection to a server; safe to share between threads.

    Models are named `iris-vae` (the newest version that is ready), `iris-vae@1` (that version), or by their full
    resource name (`models/iris-vae/versions/1`).

    Args:
        target: The server's address: `HOST:PORT`, or any other target that gRPC knows (`dns:///...`, `unix:...`).
        credentials: How to secure the connection, for example `tls_credentials("ca.pem")`. None: plain text.
        metadata: Sent with every call, keys in lower case.
        token: A bearer token, or a function that gives one: it is called for each attempt of each call, by the thread
            that makes it, so it should keep a token for as long as that is good.
        insecure_token: Whether the token may be sent in plain text to another machine.
        retry: How often to try again while the server is unavailable.
        options: gRPC channel arguments, over the defaults.

    Raises:
        InvalidRequest: `target` is not an address, or others could read the token on its way there.

    Example:
        >>> import synthserve
        >>> with synthserve.Client("localhost:50051") as client:
        ...     frame = client.rows("iris-vae", count=1_000, seed=7).to_pandas()
        ...     paths = client.images("mnist-dcgan", count=64, seed=7).save("digits/")
        >>> len(frame), len(paths)
        (1000, 64)
    """

    def __init__(
        self,
        target: str,
        *,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Metadata = (),
        token: Token | None = None,
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
        self._caller = Caller(connection, retry or RetryPolicy(), token)
        self._channel = ProcessChannel(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; what is running is cancelled."""
        self._channel.close()

    def models(self, *, full: bool = False, timeout: float | None = None) -> list[Model]:
        """Lists the models of the server, including those that failed to load, sorted by name.

        Args:
            full: Whether to tell the categories of columns and conditions, too. A model with more than fit into a
                message comes without them; `model()` gives all of any model.
            timeout: Seconds for each page of up to 1,000 models. None: no limit.

        Raises:
            SynthserveError: The call failed; `Unavailable` if there is no server.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     "iris-vae" in [model.name for model in client.models()]
            True
        """
        found: list[Model] = []
        request = _models.list_request(full=full)
        while True:
            page = self._caller.unary(self._model_service().ListModels, request, timeout)
            found += [_models.model(message) for message in page.models]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    def model(self, name: str, *, timeout: float | None = None) -> Model:
        """Describes one model, with all its categories.

        Args:
            name: The model, or one version of it.
            timeout: Seconds for each page of a description with many categories. None: no limit.

        Raises:
            ModelNotFound: There is no such model or version.
            SynthserveError: The call failed.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     client.model("mnist-dcgan").image
            ImageSchema(height=28, width=28, channels=1)
        """
        request = model_pb2.GetModelRequest(name=resource_name(name))
        pages = _models.ModelPages()
        while token := pages.add(self._caller.unary(self._model_service().GetModel, request, timeout)):
            request.page_token = token
        return pages.model()

    def load_model(self, name: str, *, timeout: float | None = None) -> Model:
        """Has the server load a model from its repository: every version that is new, has changed, or failed before.

        Versions take over when they are ready; streams end with the version that they began with. This needs the role
        `admin`, and a server with `--model-control-mode explicit`.

        Args:
            name: The model, without a version.
            timeout: Seconds to wait for the loading, which continues afterwards. None: no limit.

        Returns:
            The model, its newest version.

        Raises:
            PermissionDenied: The caller does not have the role.
            ModelControlDisabled: The server does not take such calls.
            ModelNotFound: The repository has no such model.
            ModelNotReady: A version could not be loaded; the others are served.
            SynthserveError: The call failed.
        """
        request = model_pb2.LoadModelRequest(name=resource_name(name))
        return _models.model(self._caller.unary(self._model_service().LoadModel, request, timeout).model)

    def unload_model(self, name: str, *, timeout: float | None = None) -> None:
        """Has the server take a model out of service, and waits until its last stream has ended.

        New streams are refused at once. This needs the role `admin`, and a server with `--model-control-mode explicit`.

        Args:
            name: The model, without a version.
            timeout: Seconds to wait for the streams; without new ones they go on after them. None: no limit.

        Raises:
            PermissionDenied: The caller does not have the role.
            ModelControlDisabled: The server does not take such calls.
            ModelNotFound: There is no such model.
            SynthserveError: The call failed.
        """
        request = model_pb2.UnloadModelRequest(name=resource_name(name))
        self._caller.unary(self._model_service().UnloadModel, request, timeout)

    def reload_models(self, *, timeout: float | None = None) -> ModelChanges:
        """Has the server scan its repository again, and returns the changes.

        It loads what is new or has changed, tries again what failed, and unloads what is gone. This needs the role
        `admin`, and a server with `--model-control-mode explicit` or `poll`.

        Args:
            timeout: Seconds to wait for the scan, which continues afterwards. None: no limit.

        Raises:
            PermissionDenied: The caller does not have the role.
            ModelControlDisabled: The server does not take such calls.
            SynthserveError: The call failed.
        """
        request = model_pb2.ReloadModelsRequest()
        return _models.model_changes(self._caller.unary(self._model_service().ReloadModels, request, timeout))

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
    ) -> RowStream:
        """Asks for rows of a table model; nothing is sent before the result is used.

        Args:
            model: The model, or one version of it.
            count: How many rows. None: they come until the stream is closed.
            seed: From 0 to 2^63 - 1. None: the server draws one, see `RowStream.seed`.
            offset: The index of the first row, from 0. A large one costs no more than a small one.
            where: Conditions on columns, which hold together, for example `{"species": "setosa"}`. A value, a list of
                values (None among them: or missing), `between(30, 40)`, None (missing) or `present` (not missing).
                Values are text, numbers, booleans, dates and datetimes; one without a time zone is local. See
                `Model.conditions` for what the model takes.
            rows_per_message: A hint for the size of the messages, which never changes the rows. 0: the server
                chooses.
            timeout: Seconds for a whole use of the stream, with everything that is tried again. None: no limit.
            on_progress: Called after each message with the number of rows so far.

        Raises:
            InvalidRequest: A value cannot be sent. Those that the server refuses are told when the stream is used.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     stream = client.rows("iris-vae", count=5, where={"species": "setosa"})
            ...     {row["species"] for row in stream}
            {'setosa'}
        """
        request = rows_request(
            model, count=count, seed=seed, offset=offset, where=where, rows_per_message=rows_per_message
        )
        job = Job(request, ROWS, policy=self._caller.policy, on_progress=on_progress)
        return RowStream(self._caller, lambda: self._generation().GenerateRows, job, timeout)

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
    ) -> ImageStream:
        """Asks for images of an image model; nothing is sent before the result is used.

        Args:
            model: The model, or one version of it.
            count: How many images. None: they come until the stream is closed.
            seed: From 0 to 2^63 - 1. None: the server draws one, see `ImageStream.seed`.
            offset: The index of the first image, from 0. A large one costs no more than a small one.
            where: Conditions, which hold together, by their names; as those of `rows()`. See `Model.conditions`.
            format: `png` (lossless), `jpeg`, or `raw` (bare pixels).
            jpeg_quality: From 1 to 100, for `jpeg`. None: 95.
            images_per_message: A hint for the size of the messages, which never changes the images. 0: the server
                chooses.
            timeout: Seconds for a whole use of the stream, with everything that is tried again. None: no limit.
            on_progress: Called after each message with the number of images so far.

        Raises:
            InvalidRequest: A value cannot be sent. Those that the server refuses are told when the stream is used.
        """
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
        return ImageStream(self._caller, lambda: self._generation().GenerateImages, job, timeout)

    def _generation(self) -> generation_pb2_grpc.GenerationServiceStub:
        return generation_pb2_grpc.GenerationServiceStub(self._channel.get())

    def _model_service(self) -> model_pb2_grpc.ModelServiceStub:
        return model_pb2_grpc.ModelServiceStub(self._channel.get())
