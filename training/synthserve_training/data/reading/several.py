"""Reads several files with the same columns as one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from synthserve_training.data.reading.layout import (
    FileLayout,
    ReadingNote,
    ReadProgress,
    TableSource,
    no_read_progress,
)
from synthserve_training.errors import ReadingError


@dataclass(frozen=True)
class SeveralFiles:
    """Files with the same columns, one after the other.

    Attributes:
        layout: That of the first file, with the names of all files.
        sources: The files, at least one.
    """

    layout: FileLayout
    sources: Sequence[TableSource]

    @property
    def size(self) -> int | None:
        """The bytes of all files."""
        sizes = [source.size for source in self.sources]
        return sum(size for size in sizes if size is not None)

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people, each with the name of its file."""
        return [
            replace(note, text=f"{source.layout.files[0]}: {note.text}")
            for source in self.sources
            for note in source.notes()
        ]

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows. See `TableSource.chunks`."""
        before = 0
        schema: pl.Schema | None = None
        for source in self.sources:
            for chunk in source.chunks(_shifted(progress, before)):
                found = chunk.select(self.layout.names)
                schema = schema or found.schema
                if found.schema != schema:
                    raise ReadingError(self._differs(source, schema, found.schema))
                yield found
            before += source.size or 0

    def _differs(self, source: TableSource, first: pl.Schema, other: pl.Schema) -> str:
        name = next(name for name in first if first[name] != other[name])
        return (
            f"{source.layout.files[0]}, column {name!r}: its type is {other[name]}, and {first[name]} in "
            f"{self.layout.files[0]}: write both with one type"
        )


def _shifted(progress: ReadProgress, before: int) -> ReadProgress:
    """Reports the progress of a file as that of all files."""
    return lambda done: progress(before + done)


def joined(address: str, sources: Sequence[TableSource]) -> SeveralFiles:
    """Reads files one after the other.

    Raises:
        ReadingError: Their columns differ.
    """
    first = sources[0].layout
    for source in sources[1:]:
        missing = [name for name in first.names if name not in source.layout.names]
        more = [name for name in source.layout.names if name not in first.names]
        if missing or more:
            what = f"it has no column {missing[0]!r}, which is" if missing else f"its column {more[0]!r} is not"
            raise ReadingError(f"{source.layout.files[0]}: {what} in {first.files[0]}: give files with the same header")
    files = tuple(source.layout.files[0] for source in sources)
    varying = frozenset(
        name
        for name, value in first.options().model_dump().items()
        if any(getattr(source.layout.options(), name) != value for source in sources)
    )
    return SeveralFiles(replace(first, files=files, address=address, varying=varying), sources)
