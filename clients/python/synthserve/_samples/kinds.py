"""The two kinds of streams: of rows and of images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from synthserve._names import ModelVersion, parse_version
from synthserve._samples.parts import SchemaParts
from synthserve._schema import ImageSchema, TableSchema, image_schema, table_schema
from synthserve._transport.resume import Response, as_they_come
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthserve._transport.resume import Assemble


@dataclass(frozen=True, slots=True)
class RowInfo:
    """What holds for a whole stream of rows."""

    model: ModelVersion
    seed: int
    schema: TableSchema
    preamble: bytes


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What holds for a whole stream of images."""

    model: ModelVersion
    seed: int
    schema: ImageSchema
    media_type: str


Info = TypeVar("Info", bound=RowInfo | ImageInfo)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Response, Info]):
    """How the responses of a kind of stream are read.

    Attributes:
        size: Tells how many samples a response carries.
        read_info: Reads the `info` of a first response.
        assemble: Begins with the responses of a call; see `Resume`.
    """

    size: Callable[[Response], int]
    read_info: Callable[[Response], Info]
    assemble: Callable[[], Assemble[Response]]


def _row_info(response: pb.GenerateRowsResponse) -> RowInfo:
    info = response.info
    return RowInfo(parse_version(info.model), info.seed, table_schema(info.schema), info.preamble)


def _image_info(response: pb.GenerateImagesResponse) -> ImageInfo:
    info = response.info
    return ImageInfo(parse_version(info.model), info.seed, image_schema(info.schema), info.media_type)


ROWS: Kind[pb.GenerateRowsResponse, RowInfo] = Kind(
    size=lambda response: response.row_count, read_info=_row_info, assemble=lambda: SchemaParts().accept
)

IMAGES: Kind[pb.GenerateImagesResponse, ImageInfo] = Kind(
    size=lambda response: len(response.images), read_info=_image_info, assemble=as_they_come
)
