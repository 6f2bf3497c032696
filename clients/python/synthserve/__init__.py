"""Rows and images from generative models, streamed over gRPC.

Example:
    >>> import synthserve
    >>> with synthserve.Client("localhost:50051") as client:
    ...     frame = client.rows("iris-vae", count=1_000, seed=7).to_pandas()
    >>> len(frame)
    1000
"""

from importlib.metadata import version as _version

from synthserve._async_client import AsyncClient
from synthserve._async_rows import AsyncRowStream
from synthserve._client import Client
from synthserve._columns import Row, Value
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
from synthserve._image_streams import AsyncImageStream, ImageStream
from synthserve._images import Image
from synthserve._models import Column, Condition, Figure, ImageSchema, Model, ModelCard, ModelChanges, TableSchema
from synthserve._requests import ImageFormat
from synthserve._rows import RowStream
from synthserve._tls.credentials import tls_credentials
from synthserve._transport.retry import RetryPolicy

__version__ = _version("synthserve")

__all__ = [
    "AsyncClient",
    "AsyncImageStream",
    "AsyncRowStream",
    "Cancelled",
    "Client",
    "Column",
    "Condition",
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
    "tls_credentials",
]
