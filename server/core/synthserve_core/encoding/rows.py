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
    """Encodes the rows of a table, for any number of streams. Safe to use from several threads.

    The preamble followed by the data of all frames is a file of the format. The bytes of CSV and JSON lines do not
    depend on how the rows are cut into frames.
    """

    def preamble(self, metadata: Mapping[str, str]) -> bytes:
        """The bytes before the first row of a stream.

        Args:
            metadata: The metadata of an Arrow schema; the other formats cannot hold it.
        """

    def encode(self, arrays: Arrays) -> bytes:
        """Encodes one frame.

        Args:
            arrays: The rows by key, `[rows, ...]` each.

        Returns:
            The encoded rows; for Arrow one record batch message.
        """


_ENCODERS: Mapping[Format, Callable[[Table], RowEncoder]] = {
    Format.ARROW: ArrowEncoder,
    Format.CSV: CsvEncoder,
    Format.JSON_LINES: JsonEncoder,
}


def row_encoder(table: Table, file_format: Format) -> RowEncoder:
    """Makes an encoder.

    Args:
        table: The schema of the rows.
        file_format: The file format.
    """
    return _ENCODERS[file_format](table)
