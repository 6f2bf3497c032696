"""Reads the rows of a query of a database."""

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy
from sqlalchemy.engine import URL, make_url

from synthserve_training.data.reading.files.temporary import TemporaryCopy
from synthserve_training.data.reading.layout import (
    FileLayout,
    ReadingNote,
    ReadProgress,
    no_read_progress,
    unique_names,
)
from synthserve_training.data.reading.values import ValueTypes, series
from synthserve_training.errors import ReadingError

_CELLS = 1 << 18


@dataclass(frozen=True)
class QuerySource:
    """The rows of a query, which were copied to a temporary file: a query need not give the same rows twice.

    Attributes:
        layout: What was understood of it.
        size: The bytes of the copy.
        rows: The copy.
        types: The types of the columns.
        found: Notes on it.
    """

    layout: FileLayout
    size: int
    rows: TemporaryCopy = field(repr=False)
    types: Sequence[pl.DataType]
    found: tuple[ReadingNote, ...]

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people."""
        return self.found

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows. See `TableSource.chunks`."""
        for rows, position in self._stored():
            columns = zip(*rows, strict=True) if rows else ([] for _ in self.types)
            yield pl.DataFrame(
                [series(*column) for column in zip(self.layout.names, columns, self.types, strict=True)],
            )
            progress(position)

    def _stored(self) -> Iterator[tuple[list[tuple[Any, ...]], int]]:
        """Some rows of the copy at a time, and how many of its bytes have been read."""
        with self.rows.path.open("rb") as stream:
            while stream.tell() < self.size:
                yield pickle.load(stream), stream.tell()  # noqa: S301 - this process wrote it


def open_query(address: str, query: str | None) -> QuerySource:
    """Runs a query and copies its rows, in bounded memory.

    Args:
        address: The URL of the database, as SQLAlchemy takes it, such as `postgresql+psycopg://user@host/name`.
        query: An SQL query.

    Raises:
        ReadingError: There is no query; the database cannot be reached, or refuses the query.
    """
    url = _url(address)
    name = url.set(query={}).render_as_string(hide_password=True)  # Its parameters can hold a password, too.
    if not query:
        raise ReadingError(f"{name}: it is a database: give a query, too")
    try:
        engine = sqlalchemy.create_engine(url)
    except ImportError as error:
        raise ReadingError(f"{name}: the library for this database is not installed: {error}") from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ReadingError(f"{name}: {_reason(error)}") from None
    try:
        with engine.connect().execution_options(stream_results=True) as connection:
            result = connection.execute(sqlalchemy.text(query.replace(":", r"\:")))
            if not result.returns_rows:
                raise ReadingError(f"{name}: the query gives no rows: give a SELECT")
            return _copied(name, url.set(password=None, query={}).render_as_string(), result)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise ReadingError(f"{name}: the query fails: {_reason(error)}") from None
    finally:
        engine.dispose()


def _copied(name: str, address: str, result: Any) -> QuerySource:  # noqa: ANN401 - its row type is of no interest
    names, notes = unique_names(list(result.keys()))
    types = [ValueTypes() for _ in names]
    copy = TemporaryCopy()
    count = max(1, _CELLS // len(names))
    try:
        with copy.path.open("wb") as stream:
            rows = [tuple(row) for row in result.fetchmany(count)]
            while True:
                for column, values in zip(types, zip(*rows, strict=True), strict=False):
                    column.add(values)
                pickle.dump(rows, stream, pickle.HIGHEST_PROTOCOL)
                rows = [tuple(row) for row in result.fetchmany(count)]
                if not rows:
                    break
    except OSError as error:
        raise ReadingError(
            f"{name}: the copy of its rows fails: {error.strerror or error}: set TMPDIR to another folder"
        ) from None
    mixed = [ReadingNote(note, column=key) for key, kinds in zip(names, types, strict=True) if (note := kinds.note())]
    layout = FileLayout(
        format="database",
        encoding=None,
        separator=None,
        quote=None,
        comment=None,
        header_row=None,
        first_row=None,
        footer_rows=0,
        compression=None,
        line_end=None,
        files=(name,),
        names=names,
        address=address,
    )
    return QuerySource(layout, copy.path.stat().st_size, copy, [kinds.dtype for kinds in types], (*notes, *mixed))


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except sqlalchemy.exc.ArgumentError:
        raise ReadingError(
            "the address is no URL of a database: use one such as postgresql+psycopg://user@host/name"
        ) from None
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():  # SQLite would make one.
        raise ReadingError(f"{url.database}: there is no such file")
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgres", "postgresql"} else url


def _reason(error: sqlalchemy.exc.SQLAlchemyError) -> str:
    """The first line of what the database says."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
