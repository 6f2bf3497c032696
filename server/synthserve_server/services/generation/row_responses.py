"""The responses to a request for rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from synthserve.v1 import generation_pb2, schema_pb2
from synthserve_core.contract.model import Arrays, Table
from synthserve_core.encoding.rows import Format, RowEncoder, row_encoder
from synthserve_core.packages.reading import LoadedPackage
from synthserve_server.services.generation.requests import RowsRequest
from synthserve_server.services.generation.wire import columns_response, data_response
from synthserve_server.services.schemas import LARGEST_PART, cut_bytes, schema_of


@dataclass(frozen=True)
class RowResponses:
    """Makes the serialised GenerateRowsResponse messages of a stream. Safe to use from several threads.

    Attributes:
        table: The schema of the rows.
        encoder: Encodes rows in a file format; None: as typed columns.
        start: The index of the first row of the stream.
        info: A serialised RowStreamInfo for the first response with rows; None if `before` contains it.
        before: Serialised responses that precede the rows, if the schema is large.
    """

    table: Table
    encoder: RowEncoder | None
    start: int
    info: bytes | None
    before: tuple[bytes, ...]

    def response(self, arrays: Arrays, first_index: int) -> bytes:
        """Makes a serialised response.

        Args:
            arrays: The rows by key.
            first_index: The index of the first row.
        """
        info = self.info if first_index == self.start else None
        if self.encoder is None:
            return columns_response(self.table, arrays, info, first_index)
        count = len(arrays[self.table.columns[0].name])
        return data_response(self.encoder.encode(arrays), info, first_index, count)


def row_responses(request: RowsRequest) -> RowResponses:
    """Prepares the responses to a request."""
    spec = request.spec
    encoder = _encoder(request)
    preamble = encoder.preamble(spec.schema_metadata()) if encoder else b""
    schema = schema_of(request.package.loaded)
    parts = schema.column_parts()
    if len(preamble) > LARGEST_PART:
        parts += [schema_pb2.SchemaPart(preamble=piece) for piece in cut_bytes(preamble)]
        preamble = b""
    info = generation_pb2.RowStreamInfo(
        model=spec.model.name, seed=spec.seed, schema=schema.table, preamble=preamble, part_count=len(parts)
    )
    before = tuple(_messages(info, parts, spec.start)) if parts else ()
    return RowResponses(request.table, encoder, spec.start, None if parts else info.SerializeToString(), before)


_encoders: "WeakKeyDictionary[LoadedPackage, dict[Format, RowEncoder]]" = WeakKeyDictionary()


def _encoder(request: RowsRequest) -> RowEncoder | None:
    """The encoder of the format; made once for each package, as it holds the categories."""
    if request.file_format is None:
        return None
    known = _encoders.setdefault(request.package.loaded, {})
    if request.file_format not in known:
        known[request.file_format] = row_encoder(request.table, request.file_format)
    return known[request.file_format]


def _messages(info: generation_pb2.RowStreamInfo, parts: list[schema_pb2.SchemaPart], start: int) -> Iterator[bytes]:
    yield generation_pb2.GenerateRowsResponse(info=info, first_index=start).SerializeToString()
    for part in parts:
        yield generation_pb2.GenerateRowsResponse(part=part, first_index=start).SerializeToString()
