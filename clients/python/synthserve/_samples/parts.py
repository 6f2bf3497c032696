"""Large schemas: what the first responses of a call for rows say, put together."""

from __future__ import annotations

from synthserve import _schema
from synthserve._exceptions import ProtocolError
from synthserve.v1 import generation_pb2 as pb


class SchemaParts:
    """Holds back the first response of a call until all parts of its schema and preamble have arrived.

    A call that breaks before that has given nothing, and is made anew like one that has not begun.
    """

    def __init__(self) -> None:
        self._head: pb.GenerateRowsResponse | None = None
        self._left = 0
        self._preamble: list[bytes] = []

    def accept(self, response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse | None:
        """Takes the next response of a call.

        Returns:
            The response; instead of the last part the first response, made whole. None: parts are missing yet.

        Raises:
            ProtocolError: It is not the part that must come, or one that must not.
        """
        if self._head is not None:
            self._append(self._head, response)
        elif response.HasField("part"):
            raise ProtocolError("the server sent a part of a schema that it did not announce")
        elif response.info.part_count:
            self._begin(response)
        else:
            return self._whole(response)
        return None if self._left else self._completed()

    def _begin(self, response: pb.GenerateRowsResponse) -> None:
        if response.info.part_count < 0 or response.row_count:
            raise ProtocolError(
                f"the server announced {response.info.part_count} parts of a schema, with {response.row_count} rows"
            )
        self._head, self._left = response, response.info.part_count
        self._preamble = [response.info.preamble]

    def _append(self, head: pb.GenerateRowsResponse, response: pb.GenerateRowsResponse) -> None:
        if not response.HasField("part") or response.row_count or response.HasField("info"):
            raise ProtocolError(f"{self._left} parts of the schema are missing where the rows begin")
        _schema.append(response.part.columns, head.info.schema.columns)
        self._preamble.append(response.part.preamble)
        self._left -= 1

    def _completed(self) -> pb.GenerateRowsResponse:
        assert self._head is not None  # noqa: S101 - the parts are its
        head, self._head = self._head, None
        head.info.preamble = b"".join(self._preamble)
        head.info.part_count = 0
        return self._whole(head)

    def _whole(self, response: pb.GenerateRowsResponse) -> pb.GenerateRowsResponse:
        _schema.check_whole(response.info.schema.columns)
        return response
