"""Builds requests from what a Python caller writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, SupportsIndex, TypeAlias

from synthserve import _conditions
from synthserve._checks import integer, invalid
from synthserve._names import resource_name
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

ImageFormat: TypeAlias = Literal["png", "jpeg", "raw"]
"""How images come: `png` (lossless), `jpeg`, or `raw` (bare pixels)."""

IMAGE_FORMATS: dict[str, pb.ImageFormat] = {
    "png": pb.IMAGE_FORMAT_PNG,
    "jpeg": pb.IMAGE_FORMAT_JPEG,
    "raw": pb.IMAGE_FORMAT_RAW,
}


def rows_request(
    model: str,
    *,
    count: SupportsIndex | None,
    seed: SupportsIndex | None,
    offset: SupportsIndex,
    where: Mapping[str, object] | None,
    rows_per_message: SupportsIndex,
) -> pb.GenerateRowsRequest:
    """Builds a request for rows, its format left open.

    Raises:
        InvalidRequest: A value cannot be sent. What can be sent is for the server to judge.
    """
    return pb.GenerateRowsRequest(
        model=resource_name(model),
        count=None if count is None else integer("count", count, 64),
        seed=None if seed is None else integer("seed", seed, 64),
        offset=integer("offset", offset, 64),
        conditions=_conditions.messages(where),
        rows_per_message=integer("rows_per_message", rows_per_message, 32),
    )


def images_request(
    model: str,
    *,
    count: SupportsIndex | None,
    seed: SupportsIndex | None,
    offset: SupportsIndex,
    where: Mapping[str, object] | None,
    format: str,  # noqa: A002 - the word that callers expect
    jpeg_quality: SupportsIndex | None,
    images_per_message: SupportsIndex,
) -> pb.GenerateImagesRequest:
    """Builds a request for images.

    Raises:
        InvalidRequest: A value cannot be sent. What can be sent is for the server to judge.
    """
    if not isinstance(format, str) or format not in IMAGE_FORMATS:
        raise invalid("format", f"must be one of {', '.join(IMAGE_FORMATS)}, not {format!r}")
    return pb.GenerateImagesRequest(
        model=resource_name(model),
        count=None if count is None else integer("count", count, 64),
        seed=None if seed is None else integer("seed", seed, 64),
        offset=integer("offset", offset, 64),
        conditions=_conditions.messages(where),
        format=IMAGE_FORMATS[format],
        images_per_message=integer("images_per_message", images_per_message, 32),
        jpeg_quality=0 if jpeg_quality is None else integer("jpeg_quality", jpeg_quality, 32),
    )
