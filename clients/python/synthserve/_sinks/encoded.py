"""Formats that the server encodes and the client only passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synthserve._output.destinations import Destination, Target, appears_whole
from synthserve._samples.kinds import RowInfo
from synthserve._sinks.sink import Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from synthserve._samples.job import Job


class ByteSink(Sink[RowInfo, pb.GenerateRowsResponse, int]):
    """Writes CSV, JSON lines or an Arrow IPC stream as the server sends it.

    Args:
        job: What is asked for.
        target: Where to write. A file on a path must have an end to become whole; an open file, a pipe or a device
            can take an endless stream.
        wire: The format.
        preamble: Whether to write the preamble, the bytes before the first row (the header of CSV).
    """

    def __init__(self, job: Job[Any, Any, RowInfo], target: Target, wire: pb.RowFormat, *, preamble: bool) -> None:
        if appears_whole(target):
            job.require_end("a file")
        self.fields = {"format": wire}
        self._preamble = preamble
        self._rows = 0
        self._started = False
        self._destination = Destination(target)

    def write(self, info: RowInfo, response: pb.GenerateRowsResponse) -> None:
        """Takes the next message."""
        if not self._started and self._preamble:
            self._destination.write(info.preamble)
        self._started = True
        self._destination.write(response.data)
        self._destination.flush()
        self._rows += response.row_count

    def finish(self) -> int:
        """Makes the file appear; returns the number of rows."""
        self._destination.commit()
        return self._rows

    def abort(self) -> None:
        """Removes the file."""
        self._destination.discard()
