"""Reads JSON lines: an object per line, whose keys are columns."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.layout import (
    FileLayout,
    ReadingNote,
    ReadProgress,
    no_read_progress,
    unique_names,
)
from synthserve_training.data.reading.text.charset import detect
from synthserve_training.data.reading.text.decoding import Decoder, blocks
from synthserve_training.data.reading.text.survey import Survey, survey
from synthserve_training.data.reading.values import ValueTypes, series
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions


@dataclass(frozen=True)
class JsonLinesSource:
    """A file of JSON lines.

    Attributes:
        layout: What was understood of it.
        file: Where it lies.
        end: How many of its decompressed bytes are read.
        types: The types of the columns, by their keys.
        found: Notes on it.
        reading: Notes on the rows of the last reading.
    """

    layout: FileLayout
    file: StoredFile
    end: int
    types: dict[str, ValueTypes] = field(repr=False)
    found: tuple[ReadingNote, ...]
    reading: list[ReadingNote]

    @property
    def size(self) -> int:
        """The bytes of the stored file."""
        return self.file.size

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people."""
        return [*self.found, *self.reading]

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows. See `TableSource.chunks`."""
        decoder = Decoder(self.layout.encoding or "utf-8")
        for objects, position in _objects(self.file, decoder, self.end):
            yield self._frame(objects)
            progress(position)
        self.reading[:] = decoder.notes()

    def _frame(self, objects: Sequence[dict[str, Any]]) -> pl.DataFrame:
        return pl.DataFrame(
            [
                series(name, [row.get(key) for row in objects], self.types[key].dtype)
                for name, key in zip(self.layout.names, self.types, strict=True)
            ]
        )


def open_json_lines(file: StoredFile, address: str, options: SourceOptions) -> JsonLinesSource:
    """Reads a file of JSON lines once, to find its columns and their types.

    Raises:
        ReadingError: A line is no JSON object; or there are none.
    """
    found = survey(file)
    encoding, notes = detect(file.name, found, options.encoding)
    types: dict[str, ValueTypes] = {}
    for objects, _ in _objects(file, Decoder(encoding), found.size):
        for key in dict.fromkeys(key for row in objects for key in row):
            types.setdefault(key, ValueTypes()).add([row.get(key) for row in objects])
    if not types:
        raise ReadingError(f"{file.name}: it holds no objects: give a file with rows")
    names, name_notes = unique_names(list(types))
    mixed = [
        ReadingNote(note, column=name)
        for name, kinds in zip(names, types.values(), strict=True)
        if (note := kinds.note())
    ]
    return JsonLinesSource(
        _layout(file, address, encoding, found, names), file, found.size, types, (*notes, *name_notes, *mixed), []
    )


def _layout(file: StoredFile, address: str, encoding: str, found: Survey, names: tuple[str, ...]) -> FileLayout:
    return FileLayout(
        format="json-lines",
        encoding=encoding,
        separator=None,
        quote=None,
        comment=None,
        header_row=None,
        first_row=1,
        footer_rows=0,
        compression=file.compression,
        line_end="CRLF" if b"\r\n" in found.head else "LF",
        files=(file.name,),
        names=names,
        address=address,
    )


def _objects(file: StoredFile, decoder: Decoder, size: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """The objects of a file, some at a time, and how many of its stored bytes have been read."""
    with file.open() as stream:
        for block in blocks(file, stream, decoder, size):
            lines = enumerate(block.data.split(b"\n"), block.line)
            yield [_object(file.name, line, text) for line, text in lines if text.strip()], stream.position


def _object(name: str, line: int, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadingError(f"{name}, line {line}: it is no JSON object: {error}") from None
    if not isinstance(found, dict):
        raise ReadingError(f"{name}, line {line}: it is JSON, but no object: write one object per line")
    return found
