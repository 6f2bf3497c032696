"""Rows and images from generative models, streamed over gRPC.

Example:
    >>> import synthserve
    >>> with synthserve.Client("localhost:50051") as client:
    ...     frame = client.rows("iris-vae", count=1_000, seed=7).to_pandas()
    >>> len(frame)
    1000
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from synthserve._async_client import AsyncClient
    from synthserve._client import Client
    from synthserve._conditions import between, present
    from synthserve._exceptions import (
        Cancelled,
        DeadlineExceeded,
        FieldViolation,
        InvalidRequest,
        MissingDependency,
        ModelControlDisabled,
        ModelNotFound,
        ModelNotReady,
        PermissionDenied,
        PreconditionViolation,
        ProtocolError,
        QuotaViolation,
        ResourceExhausted,
        ServerError,
        SynthserveError,
        Unauthenticated,
        Unavailable,
    )
    from synthserve._models import Figure, Model, ModelCard, ModelChanges
    from synthserve._samples.columns import Row, Value
    from synthserve._samples.images import Image
    from synthserve._samples.requests import ImageFormat
    from synthserve._schema import Column, Condition, CsvFormat, ImageSchema, TableSchema
    from synthserve._streams.async_images import AsyncImageStream
    from synthserve._streams.async_rows import AsyncRowStream
    from synthserve._streams.images import ImageStream
    from synthserve._streams.rows import RowStream
    from synthserve._tls.credentials import tls_credentials
    from synthserve._transport.retry import RetryPolicy

    __version__: str

__all__ = [
    "AsyncClient",
    "AsyncImageStream",
    "AsyncRowStream",
    "Cancelled",
    "Client",
    "Column",
    "Condition",
    "CsvFormat",
    "DeadlineExceeded",
    "FieldViolation",
    "Figure",
    "Image",
    "ImageFormat",
    "ImageSchema",
    "ImageStream",
    "InvalidRequest",
    "MissingDependency",
    "Model",
    "ModelCard",
    "ModelChanges",
    "ModelControlDisabled",
    "ModelNotFound",
    "ModelNotReady",
    "PermissionDenied",
    "PreconditionViolation",
    "ProtocolError",
    "QuotaViolation",
    "ResourceExhausted",
    "RetryPolicy",
    "Row",
    "RowStream",
    "ServerError",
    "SynthserveError",
    "TableSchema",
    "Unauthenticated",
    "Unavailable",
    "Value",
    "__version__",
    "between",
    "present",
    "tls_credentials",
]

# The module of each name. A name is imported when it is first used: the messages of `synthserve.v1` need no gRPC, and
# errors and models no client.
_HOMES = {
    "AsyncClient": "_async_client",
    "AsyncImageStream": "_streams.async_images",
    "AsyncRowStream": "_streams.async_rows",
    "Cancelled": "_exceptions",
    "Client": "_client",
    "Column": "_schema",
    "Condition": "_schema",
    "CsvFormat": "_schema",
    "DeadlineExceeded": "_exceptions",
    "FieldViolation": "_exceptions",
    "Figure": "_models",
    "Image": "_samples.images",
    "ImageFormat": "_samples.requests",
    "ImageSchema": "_schema",
    "ImageStream": "_streams.images",
    "InvalidRequest": "_exceptions",
    "MissingDependency": "_exceptions",
    "Model": "_models",
    "ModelCard": "_models",
    "ModelChanges": "_models",
    "ModelControlDisabled": "_exceptions",
    "ModelNotFound": "_exceptions",
    "ModelNotReady": "_exceptions",
    "PermissionDenied": "_exceptions",
    "PreconditionViolation": "_exceptions",
    "ProtocolError": "_exceptions",
    "QuotaViolation": "_exceptions",
    "ResourceExhausted": "_exceptions",
    "RetryPolicy": "_transport.retry",
    "Row": "_samples.columns",
    "RowStream": "_streams.rows",
    "ServerError": "_exceptions",
    "SynthserveError": "_exceptions",
    "TableSchema": "_schema",
    "Unauthenticated": "_exceptions",
    "Unavailable": "_exceptions",
    "Value": "_samples.columns",
    "between": "_conditions",
    "present": "_conditions",
    "tls_credentials": "_tls.credentials",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("synthserve")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"synthserve.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
