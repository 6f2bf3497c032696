"""Rows as Arrow IPC, CSV and JSON lines: one encoder for each format."""

import enum
from collections.abc import Callable, Mapping
from typing import Protocol

from synthserve_core.contract.model import Arrays, Table
from synthserve_core.encoding.arrow_rows import ArrowEncoder
from synthserve_core.encoding.csv_rows import CsvEncoder
from synthserve_core.encoding.json_rows import JsonEncoder


class Format(enum.Enum):
    """A file format for rows."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    ARROW = "arrow"


class RowEncoder(Protocol):
    """Encodes the rows of one stream. Safe to use from several threads.

    The preamble followed by the data of all frames is a file of the format. CSV and JSON lines come out the same
    however the rows are cut into frames.
    """

    preamble: bytes
    """What comes before the first row."""

    def encode(self, arrays: Arrays) -> bytes:
        """Encodes one frame.

        Args:
            arrays: By key, `[rows, ...]` each.

        Returns:
            The rows; for Arrow one record batch message.
        """


_ENCODERS: Mapping[Format, Callable[[Table, Mapping[str, str]], RowEncoder]] = {
    Format.ARROW: ArrowEncoder,
    Format.CSV: CsvEncoder,
    Format.JSON_LINES: JsonEncoder,
}


def row_encoder(table: Table, file_format: Format, metadata: Mapping[str, str]) -> RowEncoder:
    """An encoder.

    Args:
        table: What the rows look like.
        file_format: How they are written.
        metadata: What an Arrow schema says about the stream; the other formats have no place for it.
    """
    return _ENCODERS[file_format](table, metadata)
