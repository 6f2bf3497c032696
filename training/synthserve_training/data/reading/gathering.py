"""Hands chunks on: larger ones of the small ones of wide tables, and the next one while the last one is worked on.

Each chunk has a price per column, however few its rows are.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl

_ROWS = 8_192
_CHUNKS = 8
"""At most so many chunks are joined, which bounds the memory."""


def gathered(chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Joins chunks that follow each other, until they have 8,192 rows or are eight.

    Args:
        chunks: With the same columns.
    """
    waiting: list[pl.DataFrame] = []
    rows = 0
    for chunk in chunks:
        waiting.append(chunk)
        rows += chunk.height
        if rows >= _ROWS or len(waiting) == _CHUNKS:
            yield pl.concat(waiting) if len(waiting) > 1 else chunk
            waiting, rows = [], 0
    if waiting:
        yield pl.concat(waiting)


def one_ahead(chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Reads the next chunk in another thread while the one before is worked on."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = reader.submit(next, chunks, None)
            yield chunk
