"""Counts the values of a column, over all rows and in bounded memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synthserve_training.data.inspection.frames import where

_SCHEMA = {"text": pl.String, "rows": pl.Int64, "first": pl.Int64}


@dataclass(frozen=True)
class Telling:
    """Which texts would change what is known of a column.

    Attributes:
        tells: Says it of trimmed texts: Boolean.
        ordinary: Says quickly which cells certainly do not, such as numbers in a column of numbers: Boolean; cells are
            null where they are empty, and are not trimmed. None: it matters how often each known text occurs.
    """

    tells: Callable[[pl.Series], pl.Series]
    ordinary: Callable[[pl.Series], pl.Series] | None = None


@dataclass(frozen=True)
class Values:
    """What the cells of a column hold.

    Attributes:
        table: Distinct trimmed texts that are not empty, in the order in which the file has them. Columns: text; rows,
            how many have it; first, the first of them from 0.
        rows: Of the table.
        empty: Rows with an empty cell.
        beyond: Rows that `table` does not count: it had become too large, and they tell nothing new.
        distinct: Distinct texts, those beyond included.
        exact: Whether `distinct` is a count; else it is an estimate.
    """

    table: pl.DataFrame
    rows: int
    empty: int
    beyond: int
    distinct: int
    exact: bool


@dataclass
class Distinct:
    """Counts distinct hashes: exactly up to a limit, then by the k smallest of them.

    Source: Bar-Yossef et al., "Counting distinct elements in a data stream", RANDOM 2002.
    """

    limit: int
    _smallest: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
    _pending: list[NDArray[np.uint64]] = field(default_factory=list)
    _waiting: int = 0
    _full: bool = False

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Adds hashes, [n]."""
        if self._full:
            hashes = hashes[hashes < self._smallest[-1]]
        self._pending.append(hashes)
        self._waiting += len(hashes)
        if self._waiting > self.limit // 2:
            self._merge()

    def _merge(self) -> None:
        ordered = np.sort(np.concatenate([self._smallest, *self._pending]))  # np.unique hashes, ten times as slowly
        merged = ordered[np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))]
        self._full = self._full or len(merged) > self.limit
        self._smallest, self._pending, self._waiting = merged[: self.limit], [], 0

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether that is exact."""
        self._merge()
        if not self._full:
            return len(self._smallest), True
        return round((self.limit - 1) / (float(self._smallest[-1]) / 2**64)), False


class ColumnValues:
    """Collects the values of a column, chunk by chunk.

    Up to `kept` distinct values it keeps all of them. Beyond that it keeps what would change what is known of the
    column, and counts the rest.
    """

    def __init__(self, kept: int, counted: int, telling: Callable[[Values], Telling]) -> None:
        """Makes an empty one.

        Args:
            kept: How many distinct values are kept.
            counted: How many distinct values are counted exactly.
            telling: From what is known so far, what is worth keeping.
        """
        self._kept, self._limit, self._make_telling = kept, kept, telling
        self._table = pl.DataFrame(schema=_SCHEMA)
        self._pending: list[pl.DataFrame] = []
        self._waiting = 0
        self._rows = self._empty = self._beyond = 0
        self._distinct = Distinct(counted)
        self._telling: Telling | None = None
        self._known = pl.Series(dtype=pl.UInt64)

    def add(self, texts: pl.Series) -> None:
        """Adds the cells of the rows that follow: String, missing where empty or null."""
        first, self._rows = self._rows, self._rows + len(texts)
        frame = pl.DataFrame({"text": texts, "first": pl.int_range(first, self._rows, eager=True)})
        if self._telling is not None:
            frame = self._worth_keeping(frame, self._telling)
        counted = frame.group_by("text").agg(pl.len().cast(pl.Int64).alias("rows"), pl.col("first").min())
        self._pending.append(counted)
        self._waiting += counted.height
        if self._waiting > max(50_000, self._table.height // 2):
            self._merge()

    def _worth_keeping(self, frame: pl.DataFrame, telling: Telling) -> pl.DataFrame:
        """The cells with a known text that is counted, or with one that tells something new. The others are counted."""
        if telling.ordinary is not None:  # nearly all cells, which are not even trimmed
            ordinary = telling.ordinary(frame["text"])
            self._leave_out(frame["text"].filter(ordinary))
            frame = where(frame, ~ordinary)
        trimmed = frame["text"].str.strip_chars().fill_null("")
        filled = where(frame.with_columns(trimmed), trimmed != "")
        self._empty += frame.height - filled.height
        hashes = filled["text"].hash(seed=0)
        known = hashes.is_in(self._known.implode())
        kept = known
        if self._table.height < 2 * self._limit:
            kept = known | telling.tells(filled["text"])
        self._distinct.add(hashes.filter(kept & ~known).to_numpy())
        self._leave_out(filled["text"].filter(~kept))
        return where(filled, kept)

    def _leave_out(self, texts: pl.Series) -> None:
        """Counts texts that are not kept."""
        self._beyond += len(texts)
        self._distinct.add(texts.hash(seed=0).to_numpy())

    def _merge(self) -> None:
        if not self._pending:
            return
        new = _summed(self._pending)
        self._pending, self._waiting = [], 0
        empty = new["text"].is_null() | (new["text"] == "")
        self._empty += int(new["rows"].filter(empty).sum())
        new = where(new, ~empty)
        self._table = _summed([self._table, new]) if self._table.height else new
        if self._table.height > self._limit:
            self._narrow()
        if self._telling is not None:
            self._known = self._table["text"].hash(seed=0)

    def _narrow(self) -> None:
        """Begins to keep only what would change what is known, or learns anew what that is."""
        if self._telling is None:
            self._distinct.add(self._table["text"].hash(seed=0).to_numpy())
        self._telling = self._make_telling(self._values())
        self._limit = self._table.height + self._kept // 10

    def _values(self) -> Values:
        distinct, exact = (self._table.height, True) if self._telling is None else self._distinct.count()
        distinct = min(distinct, self._rows - self._empty)  # an estimate may be more
        table = self._table.sort("first")
        return Values(table, self._rows, self._empty, self._beyond, distinct, exact)

    def values(self) -> Values:
        """What was collected."""
        self._merge()
        return self._values()


def _summed(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One frame of several: trimmed texts, each once."""
    frame = pl.concat(frames)
    trimmed = frame["text"].str.strip_chars()
    if len(frames) == 1 and trimmed.equals(frame["text"], null_equal=True):
        return frame
    return frame.with_columns(trimmed).group_by("text").agg(pl.col("rows").sum(), pl.col("first").min())
