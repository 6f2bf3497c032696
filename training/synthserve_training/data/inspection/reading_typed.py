"""Reads the rows of a source as a recipe says what its columns are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from synthserve_training.data.inspection.formats import read
from synthserve_training.data.inspection.textual import textual
from synthserve_training.data.reading.gathering import gathered, one_ahead
from synthserve_training.data.reading.layout import FileLayout, TableSource
from synthserve_training.errors import DatasetError
from synthserve_training.problems import did_you_mean
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role
from synthserve_training.tables.typed import TypedColumn, TypedTable
from synthserve_training.types import Progress, no_progress

_SAMPLED_TOGETHER = 16_384

_DTYPES: Final = {
    ColumnType.INTEGER: np.int64,
    ColumnType.DECIMAL: np.float64,
    ColumnType.BOOLEAN: np.bool_,
    ColumnType.DATE: np.int32,
    ColumnType.TIMESTAMP: np.int64,
    ColumnType.TIME: np.int64,
}
"""The values of columns that are not texts, as `TypedColumn` has them."""


def read_typed(
    source: TableSource,
    columns: Sequence[ColumnOptions],
    *,
    rows: int | None = None,
    seed: int = 0,
    checked: bool = True,
    progress: Progress = no_progress,
) -> tuple[TypedTable, int]:
    """Reads the rows of a source.

    Args:
        source: The rows.
        columns: What its columns are. Those that are dropped or made by rules are left out.
        rows: At most so many rows: a uniform random sample of all, in their order. Default: all.
        seed: Of the sample.
        checked: Whether rows are checked that are not in the sample.
        progress: Reports the bytes that were read.

    Returns:
        The table, and how many rows the source has.

    Raises:
        DatasetError: There is no such column, or a value is not written as its column's options say.
        ReadingError: The source cannot be read.

    Source of the sample: Li, "Reservoir-sampling algorithms of time complexity O(n(1+log(N/n)))", ACM TOMS 1994.
    """
    layout = source.layout
    learnt = [options for options in columns if options.role is Role.LEARN]
    place = {name: position for position, name in enumerate(layout.names)}
    for options in learnt:
        if options.source_name not in place:
            meant = did_you_mean(options.source_name, layout.names)
            raise DatasetError(f"{_where(layout)} has no column {options.source_name!r}{meant}")
    reservoir = _Reservoir(rows, np.random.default_rng(seed)) if rows is not None else None
    builders = [_Builder(options) for options in learnt]
    size = source.size
    chunks = one_ahead(gathered(source.chunks(lambda done: progress("reading", done, size or done))))
    if reservoir is None:
        parts = _all(chunks)
    else:
        parts = _with_places(chunks, reservoir) if checked else _sampled(chunks, reservoir)
    total = 0
    for part in parts:
        failure, cells = _Failure(source, part.rows), part.chunk.get_columns()
        for builder in builders:
            builder.add(textual(cells[place[builder.options.source_name]]), part.take, failure)
        total += part.chunk.height
    order = None if reservoir is None else reservoir.order()
    return TypedTable([builder.column(order) for builder in builders]), total if reservoir is None else reservoir.seen


@dataclass(frozen=True)
class _Part:
    """Rows to read.

    Attributes:
        chunk: The rows.
        rows: Where each lies in the source, from 0.
        take: Which of them are in the sample, and the place of each in the reservoir; None: all are taken, in order.
    """

    chunk: pl.DataFrame
    rows: Sequence[int] | NDArray[np.int64]
    take: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None


def _all(chunks: Iterator[pl.DataFrame]) -> Iterator[_Part]:
    """All rows."""
    total = 0
    for chunk in chunks:
        yield _Part(chunk, range(total, total + chunk.height))
        total += chunk.height


def _with_places(chunks: Iterator[pl.DataFrame], reservoir: "_Reservoir") -> Iterator[_Part]:
    """All rows, with those that are in the sample."""
    for part in _all(chunks):
        yield replace(part, take=reservoir.offer(part.chunk.height))


def _sampled(chunks: Iterator[pl.DataFrame], reservoir: "_Reservoir") -> Iterator[_Part]:
    """The rows of the sample only, those of many chunks together: each part has a price per column."""
    waiting: list[_Part] = []
    for part in _with_places(chunks, reservoir):
        if part.take is None or not len(part.take[0]):
            continue
        chosen, places = part.take
        waiting.append(_Part(part.chunk[chosen], part.rows[0] + chosen, (chosen, places)))
        if sum(each.chunk.height for each in waiting) >= _SAMPLED_TOGETHER:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[_Part]) -> _Part:
    """One part of all rows of several, all of which are taken."""
    places = np.concatenate([part.take[1] for part in parts if part.take is not None])
    rows = np.concatenate([np.asarray(part.rows) for part in parts])
    return _Part(pl.concat([part.chunk for part in parts]), rows, (np.arange(len(rows)), places))


class _Failure:
    """Makes the error of a value that cannot be read, with its line."""

    def __init__(self, source: TableSource, rows: Sequence[int] | NDArray[np.int64]) -> None:
        """Takes where each of the rows that are read lies in the source."""
        self._source, self._rows = source, rows

    def __call__(self, options: ColumnOptions, row: int, text: str) -> DatasetError:
        layout = self._source.layout
        row = int(self._rows[row])
        place = f"row {row + 1}" if layout.first_row is None else f"line {self._line(row)}"
        shown = text if len(text) <= 60 else text[:57] + "…"
        found = f"{_where(layout)}, {place}, column {options.source_name!r}: {shown!r}"
        if options.type is ColumnType.CONSTANT:
            return DatasetError(
                f"{found} is not {options.value!r}, the one value of the column: inspect the file again"
            )
        return DatasetError(
            f"{found} is no {_described(options)}: mend the file, list it as missing = [{shown!r}] in the recipe, or "
            "give the column another type"
        )

    def _line(self, row: int) -> int:
        """The line of a row: cells of rows above it can have line breaks, so these are read again."""
        breaks, seen = 0, 0
        for chunk in self._source.chunks():
            above = chunk.head(row - seen)
            for cells in above.iter_columns():
                if cells.dtype == pl.String:
                    breaks += int(cells.str.count_matches("\n").sum() or 0)
            seen += chunk.height
            if seen > row:
                break
        return (self._source.layout.first_row or 1) + row + breaks


def _described(options: ColumnOptions) -> str:
    match options.type:
        case ColumnType.DATE | ColumnType.TIMESTAMP | ColumnType.TIME:
            return f"{options.type} written as {' or '.join(options.patterns)}"
        case ColumnType.BOOLEAN:
            return f"truth value among {', '.join(options.true + options.false)}"
        case ColumnType.EMPTY:
            return "empty cell"
        case _:
            return f"{options.type} as the recipe writes them"


def _where(layout: FileLayout) -> str:
    return layout.address or (layout.files[0] if layout.files else "the source")


class _Reservoir:
    """Chooses rows of a stream of unknown length, uniformly: algorithm L.

    Attributes:
        seen: How many rows were offered.
    """

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self._size, self._generator = size, generator
        self._rows = np.empty(0, np.int64)
        self.seen = 0
        self._weight, self._next = 1.0, -1

    def offer(self, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of `count` rows that follow: those that are taken, and the place in the reservoir of each."""
        taken = np.arange(min(count, self._size - len(self._rows)))
        places = len(self._rows) + taken
        self._rows = np.concatenate([self._rows, self.seen + taken])
        rows, where = [taken], [places]
        if len(self._rows) == self._size:
            if self._next < 0:
                self._skip(self._size - 1)
            late: list[int] = []
            slots: list[int] = []
            while self._next < self.seen + count:
                late.append(self._next - self.seen)
                slots.append(int(self._generator.integers(self._size)))
                self._skip(self._next)
            self._rows[slots] = self.seen + np.array(late, np.int64)
            rows.append(np.array(late, np.int64))
            where.append(np.array(slots, np.int64))
        self.seen += count
        return np.concatenate(rows), np.concatenate(where)

    def _skip(self, row: int) -> None:
        self._weight *= float(np.exp(np.log(self._generator.random()) / self._size))
        gap = np.floor(np.log(self._generator.random()) / np.log1p(-self._weight))
        self._next = row + 1 + int(min(gap, 2**62))

    def order(self) -> NDArray[np.int64]:
        """The places in the order of the source."""
        return np.argsort(self._rows, kind="stable")


class _Builder:
    """Collects the values of a column."""

    def __init__(self, options: ColumnOptions) -> None:
        self.options = options
        self._missing = ["", *options.missing]
        self._codes: dict[str, int] = {}
        self._values: list[NDArray[Any]] = []
        self._valid: list[NDArray[np.bool_]] = []
        self._places: list[NDArray[np.int64]] = []

    def add(
        self,
        cells: pl.Series,
        take: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
        failure: Callable[[ColumnOptions, int, str], DatasetError],
    ) -> None:
        """Adds the cells of rows, or of those that are taken; every cell is checked."""
        frame = pl.DataFrame({"text": cells})
        distinct = frame["text"].unique(maintain_order=True)
        trimmed = distinct.str.strip_chars().fill_null("")
        missing = trimmed.is_in(self._missing)
        present = trimmed.set(missing, None)
        values = self._read(present)
        if values.null_count() > int(missing.sum()):
            bad = pl.Series(values.is_null() & ~missing).arg_true()[0]
            original = distinct[int(bad)]
            row = int((cells == original).arg_true()[0]) if original is not None else int(cells.is_null().arg_true()[0])
            raise failure(self.options, row, str(trimmed[int(bad)]))
        codes = frame.join(
            pl.DataFrame({"text": distinct, "code": pl.int_range(len(distinct), eager=True)}),
            on="text",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )["code"].to_numpy()
        filled = values.fill_null(False if values.dtype == pl.Boolean else 0)
        of_code, valid = filled.to_numpy().astype(self._dtype), values.is_not_null().to_numpy()
        if take is not None:
            codes = codes[take[0]]
            self._places.append(take[1])
        self._values.append(of_code[codes])
        self._valid.append(valid[codes])

    @property
    def _dtype(self) -> Any:  # noqa: ANN401 - a type of NumPy
        return _DTYPES.get(self.options.type, np.int32)

    def _read(self, texts: pl.Series) -> pl.Series:
        match self.options.type:
            case ColumnType.EMPTY:
                return pl.repeat(None, len(texts), dtype=pl.Int32, eager=True)
            case ColumnType.CONSTANT:
                return (
                    pl.select(pl.when(texts == self.options.value).then(0)).to_series()
                    if self.options.value is not None
                    else self._coded(texts)
                )
            case kind if kind in _DTYPES:
                return read(texts, self.options)
            case _:
                return self._coded(texts)

    def _coded(self, texts: pl.Series) -> pl.Series:
        """Numbers texts by when they are first seen."""
        for text in texts.drop_nulls():
            self._codes.setdefault(text, len(self._codes))
        return (
            texts.replace_strict(self._codes, default=None, return_dtype=pl.Int32)
            if self._codes
            else texts.cast(pl.Int32)
        )

    def column(self, order: NDArray[np.int64] | None) -> TypedColumn:
        """The column of all that was added, or of the sample in its order."""
        values = np.concatenate(self._values) if self._values else np.empty(0, self._dtype)
        valid = np.concatenate(self._valid) if self._valid else np.empty(0, np.bool_)
        if order is not None and self._places:
            places = np.concatenate(self._places)
            placed, is_valid = np.empty(len(order), values.dtype), np.empty(len(order), np.bool_)
            placed[places], is_valid[places] = values, valid  # later ones replace earlier ones
            values, valid = placed[order], is_valid[order]
        if self.options.type in _DTYPES or self.options.type is ColumnType.EMPTY:
            return TypedColumn(self.options, values, valid)
        return self._of_texts(values, valid)

    def _of_texts(self, values: NDArray[np.int32], valid: NDArray[np.bool_]) -> TypedColumn:
        """With the texts sorted, and only those that rows have."""
        if self.options.type is ColumnType.CONSTANT and self.options.value is not None:
            return TypedColumn(self.options, values, valid, (self.options.value,))
        texts = np.array(list(self._codes), dtype=object)
        used = np.unique(values[valid])
        kept = used[np.argsort(texts[used])] if len(used) else used
        rank = np.zeros(max(len(texts), 1), np.int32)
        rank[kept] = np.arange(len(kept), dtype=np.int32)
        return TypedColumn(self.options, np.where(valid, rank[values], 0).astype(np.int32), valid, tuple(texts[kept]))
