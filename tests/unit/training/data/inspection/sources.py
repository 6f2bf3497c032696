"""Rows in memory, as readers give them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl

from synthserve_training.data.inspection import ColumnProfile, inspect
from synthserve_training.data.reading import FileLayout, ReadingNote


class Rows:
    """A table in memory, in chunks."""

    size = None

    def __init__(
        self, frame: pl.DataFrame, *, chunk: int = 1_000, separator: str = ",", file_format: str = "delimited"
    ) -> None:
        self._frame, self._chunk = frame, chunk
        self.layout = FileLayout(
            format=file_format,  # type: ignore[arg-type]
            encoding="utf-8",
            separator=separator,
            quote='"',
            comment=None,
            header_row=1,
            first_row=2,
            footer_rows=0,
            compression=None,
            line_end="LF",
            files=("rows.csv",),
            names=tuple(frame.columns),
        )

    def notes(self) -> Sequence[ReadingNote]:
        return ()

    def chunks(self, progress: Callable[[int], None] | None = None) -> Iterator[pl.DataFrame]:
        for first in range(0, max(self._frame.height, 1), self._chunk):
            yield self._frame[first : first + self._chunk]


def rows(columns: Mapping[str, Sequence[str]], **options: object) -> Rows:
    return Rows(pl.DataFrame(dict(columns), schema=dict.fromkeys(columns, pl.String)), **options)  # type: ignore[arg-type]


def profile(cells: Sequence[str], name: str = "column", **options: object) -> ColumnProfile:
    """What a column is, beside another one that is the first."""
    table = rows({"first": ["a b", *["c d e"] * (len(cells) - 1)], name: cells}, **options)
    return inspect(table).columns[1]
