"""Reads Parquet files and Arrow files, Feather among them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet

from synthserve_training.data.reading import plain_types
from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.files.places import decompressed
from synthserve_training.data.reading.layout import (
    FileLayout,
    Format,
    ReadingNote,
    ReadProgress,
    no_read_progress,
    unique_names,
)
from synthserve_training.errors import ReadingError

_CELLS = 1 << 22
"""How many cells a chunk has at most."""

_BROKEN = (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError)


@dataclass(frozen=True)
class ColumnarSource:
    """A file of typed columns.

    Attributes:
        layout: What was understood of it.
        file: Where it lies, not compressed as a whole.
        schema: The types of its columns, by position.
        found: Notes on it.
    """

    layout: FileLayout
    file: StoredFile
    schema: pa.Schema = field(repr=False)
    found: tuple[ReadingNote, ...]

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return self.file.size

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people."""
        return self.found

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows. See `TableSource.chunks`."""
        rows = max(1, _CELLS // max(1, len(self.layout.names)))
        read = 0
        try:
            for batch, total in _BATCHES[self.layout.format](self.file, rows):
                for start in range(0, batch.num_rows, rows):
                    yield self._frame(batch.slice(start, rows))
                    read += min(rows, batch.num_rows - start)
                    progress(self.size * read // max(total, read))
            if not read:
                yield self._frame(self.schema.empty_table())
        except _BROKEN as error:
            raise _broken(self.file, self.layout.format, error) from None
        progress(self.size)

    def _frame(self, table: Any) -> pl.DataFrame:  # noqa: ANN401 - a batch or a table of pyarrow, which has no types
        return plain_types.plain(_polars(table, self.layout.names))


def open_columnar(file: StoredFile, address: str, form: Format) -> ColumnarSource:
    """Opens a Parquet or Arrow file.

    Raises:
        ReadingError: It is broken.
    """
    stored = decompressed(file)
    try:
        schema = _SCHEMAS[form](stored)
        names, notes = unique_names(schema.names)
        types = _polars(schema.empty_table(), names).schema
    except _BROKEN as error:
        raise _broken(file, form, error) from None
    if not names:
        raise ReadingError(f"{file.name}: it has no columns")
    layout = FileLayout(
        format=form,
        encoding=None,
        separator=None,
        quote=None,
        comment=None,
        header_row=None,
        first_row=None,
        footer_rows=0,
        compression=file.compression,
        line_end=None,
        files=(file.name,),
        names=names,
        address=address,
    )
    return ColumnarSource(layout, stored, schema, (*notes, *plain_types.notes(types)))


def _polars(table: Any, names: Sequence[str]) -> pl.DataFrame:  # noqa: ANN401 - see above
    return pl.DataFrame(dict(zip(names, map(pl.from_arrow, table.columns), strict=True)))


def _broken(file: StoredFile, form: Format, error: Exception) -> ReadingError:
    return ReadingError(f"{file.name}: the {form.capitalize()} file is broken or cut off: {str(error).splitlines()[0]}")


def _parquet_batches(file: StoredFile, rows: int) -> Iterator[tuple[Any, int]]:
    with pa.parquet.ParquetFile(file.path) as parquet:
        for batch in parquet.iter_batches(rows):
            yield batch, parquet.metadata.num_rows


def _arrow_batches(file: StoredFile, _rows: int) -> Iterator[tuple[Any, int]]:
    with pa.memory_map(str(file.path)) as mapped:
        start = mapped.read(6)
        mapped.seek(0)
        if start.startswith(b"FEA1"):
            table = pa.feather.read_table(file.path)
            for batch in table.to_batches():
                yield batch, table.num_rows
        elif start == b"ARROW1":
            reader = pa.ipc.open_file(mapped)
            counts = [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number), sum(counts)
        else:
            for batch in pa.ipc.open_stream(mapped):
                yield batch, 0


def _parquet_schema(file: StoredFile) -> pa.Schema:
    return pa.parquet.read_schema(file.path)


def _arrow_schema(file: StoredFile) -> pa.Schema:
    with pa.memory_map(str(file.path)) as mapped:
        start = mapped.read(6)
        mapped.seek(0)
        if start.startswith(b"FEA1"):
            return pa.feather.read_table(file.path).schema
        return (pa.ipc.open_file if start == b"ARROW1" else pa.ipc.open_stream)(mapped).schema


_BATCHES: dict[str, Callable[[StoredFile, int], Iterator[tuple[Any, int]]]] = {
    "parquet": _parquet_batches,
    "arrow": _arrow_batches,
}
_SCHEMAS: dict[str, Callable[[StoredFile], pa.Schema]] = {"parquet": _parquet_schema, "arrow": _arrow_schema}
