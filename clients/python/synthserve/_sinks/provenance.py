"""Provenance in metadata: that samples are synthetic, and how to generate them again."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from synthserve import _condition_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from synthserve._samples.images import Image
    from synthserve._samples.kinds import RowInfo
    from synthserve.v1 import generation_pb2 as pb


def _of_table(info: RowInfo, request: pb.GenerateRowsRequest) -> dict[str, str]:
    """Returns the provenance of a table as metadata."""
    found = {
        "synthserve.synthetic": "true",
        "synthserve.model": info.model.resource,
        "synthserve.version": str(info.model.version),
        "synthserve.seed": str(info.seed),
        "synthserve.offset": str(request.offset),
        "synthserve.count": str(request.count),
    }
    if request.conditions:
        found["synthserve.where"] = urlencode(_condition_text.texts(request.conditions))
    return found


def with_provenance(schema: pa.Schema, info: RowInfo, request: pb.GenerateRowsRequest) -> pa.Schema:
    """Returns an Arrow schema with the provenance of a table added to its metadata."""
    return schema.with_metadata({**(schema.metadata or {}), **_of_table(info, request)})


def picture_source(first: Image, count: int, where: Mapping[str, str]) -> str:
    """Returns the provenance of a picture of images, as the server writes it into each image, with a range of indices.

    Args:
        first: The first image.
        count: How many there are.
        where: The conditions, column to the text of its test, in order.
    """
    conditions = {f"where.{column}": test for column, test in where.items()}
    query = {"seed": first.seed, "offset": first.index, "count": count, **conditions}
    return f"{first.model.replace('@', '/')}?{urlencode(query)}"
