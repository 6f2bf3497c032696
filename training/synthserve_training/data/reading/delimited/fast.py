"""Reads blocks of a delimited text whose quotes are all regular, with the parser of Polars."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synthserve_training.data.reading.delimited.records import Dialect

_NEWLINE, _RETURN = ord("\n"), ord("\r")
_NONE = np.empty(0, np.int64)


def read(data: bytes, dialect: Dialect, names: tuple[str, ...]) -> tuple[pl.DataFrame, int] | None:
    """Reads whole records.

    Args:
        data: UTF-8 without NUL bytes, from the begin of a record to the end of a line.
        dialect: How the cells are written.
        names: Of all columns.

    Returns:
        A text column per name, and how many of the bytes it holds: less than all if the last lines are within quotes.
        None: the data are irregular, such as by a record with too few cells, by a blank line, or by a quote in the
        middle of a cell. The careful parser knows what to do with them.
    """
    if len(names) == 1 or not _is_plain(data, dialect):
        return None
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == ord(dialect.quote)) if dialect.quote and dialect.quote.encode() in data else _NONE
    if not _is_regular(text, quotes, dialect):
        return None
    end = len(data)
    if len(quotes) % 2:
        end, quotes = _before_open_quote(data, quotes, dialect.newline.encode())
    if not end:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String)), 0
    rows, rest = divmod(_separators(text[:end], quotes, dialect), len(names) - 1)
    if rest or not rows:
        return None
    try:
        found = pl.read_csv(
            data[:end],
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            separator=dialect.separator,
            quote_char=dialect.quote,
            eol_char=dialect.newline,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None  # A record has too many cells.
    return (found, end) if found.height == rows else None


def _is_plain(data: bytes, dialect: Dialect) -> bool:
    """Whether the parser of Polars reads the records as the careful one does, quotes and numbers of cells aside."""
    comment = dialect.comment.encode() if dialect.comment else None
    if comment and (data.startswith(comment) or dialect.newline.encode() + comment in data):
        return False
    if not dialect.separator.isascii() or (dialect.quote and not dialect.quote.isascii()) or b"\x1a" in data[-2:]:
        return False
    return dialect.newline == "\r" or b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")


def _before_open_quote(data: bytes, quotes: NDArray[np.int64], newline: bytes) -> tuple[int, NDArray[np.int64]]:
    """Where the record begins whose last quote is open, and the quotes before it."""
    for index in range(len(quotes) - 1, -1, -2):
        begin = data.rfind(newline, int(quotes[index - 1]) if index else 0, int(quotes[index])) + 1
        if begin:
            return begin, quotes[:index]
    return 0, quotes[:0]


def _separators(text: NDArray[np.uint8], quotes: NDArray[np.int64], dialect: Dialect) -> int:
    """How many separators are outside of quotes.

    No row has more than its columns need, which the parser checks. So none has less if the sum is right.
    """
    found = text == ord(dialect.separator)
    if not len(quotes):
        return int(np.count_nonzero(found))
    positions = np.flatnonzero(found)
    inside = np.searchsorted(positions, quotes[1::2]) - np.searchsorted(positions, quotes[0::2])
    return len(positions) - int(inside.sum())


def _is_regular(text: NDArray[np.uint8], positions: NDArray[np.int64], dialect: Dialect) -> bool:
    """Whether each opening quote is at the begin of a cell, and each closing one at the end of one, or doubled."""
    around = np.zeros(256, np.bool_)
    around[[ord(dialect.separator), _NEWLINE, _RETURN, ord(dialect.quote or '"')]] = True
    opening, closing = positions[0::2], positions[1::2]
    before, behind = opening[opening > 0] - 1, closing[closing < len(text) - 1] + 1
    return bool(around[text[before]].all() and around[text[behind]].all())
