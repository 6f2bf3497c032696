"""Reads a sheet of an Excel or OpenDocument file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import python_calamine

from synthserve_training import problems
from synthserve_training.data.reading import header
from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.files.places import decompressed
from synthserve_training.data.reading.layout import (
    FileLayout,
    ReadingNote,
    ReadProgress,
    no_read_progress,
    numbered_names,
    unique_names,
)
from synthserve_training.data.reading.values import ValueTypes, series
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions

_ROWS = 50_000
_HEAD_ROWS = 1000


@dataclass(frozen=True)
class ExcelSource:
    """A sheet, which Excel limits to about a million rows. It is in memory.

    Attributes:
        layout: What was understood of it.
        size: The bytes of the file.
        rows: Its rows, without header and footer; None is an empty cell.
        types: The types of the columns.
        found: Notes on it.
    """

    layout: FileLayout
    size: int
    rows: Sequence[Sequence[Any]] = field(repr=False)
    types: Sequence[pl.DataType]
    found: tuple[ReadingNote, ...]

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people."""
        return self.found

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows. See `TableSource.chunks`."""
        columns = list(enumerate(zip(self.layout.names, self.types, strict=True)))
        for start in range(0, max(1, len(self.rows)), _ROWS):
            rows = self.rows[start : start + _ROWS]
            yield pl.DataFrame([series(name, [row[index] for row in rows], dtype) for index, (name, dtype) in columns])
            progress(self.size * min(start + _ROWS, len(self.rows)) // max(1, len(self.rows)))


def open_excel(file: StoredFile, address: str, options: SourceOptions) -> ExcelSource:
    """Reads a sheet, and finds its header.

    Raises:
        ReadingError: The file is broken or needs a password; there is no such sheet, or it is empty.
    """
    stored = decompressed(file)
    sheet, name, notes = _sheet(file, stored, options)
    rows = [[_cell(value) for value in row] for row in sheet.iter_rows()]
    width = max((index + 1 for row in rows for index, value in enumerate(row) if value is not None), default=0)
    place = f"{file.name}, sheet {name!r}"
    lines = [
        header.Line(number, ["" if value is None else str(value) for value in row[:width]])
        for number, row in enumerate(rows[:_HEAD_ROWS], 1)
        if any(value is not None for value in row)
    ]
    if not lines:
        raise ReadingError(f"{place}: it has no cells: give the sheet with the table")
    head = header.locate(place, lines, options)
    names, name_notes = unique_names(head.names) if head.header_row else numbered_names(head.width)
    body = rows[head.first_row - 1 :] if head.first_row else []
    filled = [number for number, row in enumerate(body) if any(value is not None for value in row)]
    if blank := (filled[-1] + 1 - len(filled) if filled else 0):
        count = "1 row without any cell was" if blank == 1 else f"{blank:,} rows without any cell were"
        notes.append(ReadingNote(f"{count} left out"))
    body = [body[number] for number in filled]
    end = len(body) - (options.footer_rows if "footer_rows" in options.model_fields_set else _footer_rows(body, width))
    types = [ValueTypes() for _ in names]
    for column, values in zip(types, zip(*body[:end], strict=True), strict=False):
        column.add(values)
    mixed = [ReadingNote(note, column=name) for name, kinds in zip(names, types, strict=True) if (note := kinds.note())]
    layout = FileLayout(
        format="excel",
        encoding=None,
        separator=None,
        quote=None,
        comment=None,
        header_row=head.header_row,
        first_row=head.first_row,
        footer_rows=len(body) - end,
        compression=file.compression,
        line_end=None,
        files=(file.name,),
        names=names,
        header_rows=head.header_rows,
        address=address,
        sheet=name,
    )
    if end < len(body):
        notes.append(ReadingNote(f"{len(body) - end} rows at the end are notes and were left out"))
    return ExcelSource(
        layout, file.size, body[:end], [kinds.dtype for kinds in types], (*notes, *head.notes, *name_notes, *mixed)
    )


def _sheet(file: StoredFile, stored: StoredFile, options: SourceOptions) -> tuple[Any, str, list[ReadingNote]]:
    """The sheet that is read, its name, and a note if there are others."""
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(stored.path))
        names = book.sheet_names
        if options.sheet is not None and options.sheet not in names:
            raise ReadingError(
                f"{file.name}: it has no sheet {options.sheet!r}, but {', '.join(map(repr, names))}"
                f"{problems.did_you_mean(options.sheet, names)}"
            )
        sheets = [(book.get_sheet_by_name(name), name) for name in ([options.sheet] if options.sheet else names)]
    except python_calamine.PasswordError:
        raise ReadingError(f"{file.name}: it needs a password: save it without one") from None
    except (python_calamine.CalamineError, OSError) as error:
        raise ReadingError(f"{file.name}: it cannot be read as an Excel file: {error}") from None
    filled = [(sheet, name) for sheet, name in sheets if sheet.height]
    if not filled:
        raise ReadingError(f"{file.name}: its sheets are empty")
    notes = []
    if len(filled) > 1:
        others = ", ".join(repr(name) for _, name in filled[1:])
        notes.append(
            ReadingNote(f"sheet {filled[0][1]!r} was read; the file also has {others}: give the sheet to read another")
        )
    return *filled[0], notes


def _cell(value: object) -> object:
    """A cell: Excel keeps integers as floats."""
    if value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _footer_rows(rows: Sequence[Sequence[Any]], width: int) -> int:
    """How many rows at the end have a text in their first cell and nothing else, as no others have."""
    alone = [
        isinstance(row[0], str) and " " in row[0] and not any(value is not None for value in row[1:]) for row in rows
    ]
    count = next((number for number, is_alone in enumerate(reversed(alone)) if not is_alone), 0)
    return count if width > 1 and not any(alone[: len(alone) - count]) else 0
