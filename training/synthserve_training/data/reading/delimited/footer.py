"""Finds the lines below a table that are no rows: notes, sources, counts of rows, and lines of empty cells.

Lines of empty cells at the end are what a spreadsheet writes of cells that have a format and no value. Where the table
has such lines between its rows, or where cells are quoted, they are rows without any value.
"""

import re
from collections.abc import Sequence

from synthserve_training.data.reading.delimited.records import Dialect, Record, is_blank, records

_MOST_LINES = 50
_NOTE = re.compile(
    r"[\"']?\s*(\(\d[\d,]* rows?|notes?\b|sources?\b|quelle|fuente|file creation|last updated|generated|data from"
    r"|copyright|©)[^:,;]{0,12}:?",
    re.IGNORECASE,
)
"""How notes below a table begin, where separators in their text make cells of them."""


def start(text: str, dialect: Dialect, width: int, usual: Sequence[Sequence[str]], first: int) -> int | None:
    """Where the footer of a table begins.

    Args:
        text: The end of the file, from the begin of a line.
        dialect: How its cells are written.
        width: The number of columns.
        usual: Rows from the begin of the table. If some of them have only a first cell, or no value, such lines are
            rows.
        first: The line of the first row within the text, from 1.

    Returns:
        An offset in the text; None: there is no footer.
    """
    if width < 2:
        return None
    blank = _blank_start(text, dialect)
    filled = [any(map(str.strip, cells)) for cells in usual]
    while filled and not filled[-1]:
        filled.pop()
    if (begin := _notes_start(text[:blank], dialect, width, usual[: len(filled)], first)) is not None:
        return begin
    above = [any(map(str.strip, record.cells)) for record in _last_records(text[:blank], dialect, width, first)]
    are_rows = not all(filled) or not all(above) or not above
    return None if are_rows or blank == len(text) else blank


def _blank_start(text: str, dialect: Dialect) -> int:
    """Where the lines of empty cells at the end of a text begin; its length if there are none."""
    filled = text.rstrip(f" \r\x1a{dialect.newline}{dialect.separator}")
    return text.find(dialect.newline, len(filled)) + 1 or len(text)


def _notes_start(text: str, dialect: Dialect, width: int, usual: Sequence[Sequence[str]], first: int) -> int | None:
    """Where the notes at the end of a text begin, and the lines of empty cells above them; None: there are none."""
    run = next((number for number, cells in enumerate(reversed(usual)) if any(map(str.strip, cells[1:]))), len(usual))
    above = usual[: len(usual) - run]
    alone = run <= max(3, 0.3 * len(usual)) and sum(map(_is_alone, above)) <= 0.02 * len(above)
    notes_above = any(_NOTE.match(cells[0]) for cells in above[:-1])
    begin, notes = None, 0
    for record in reversed(_last_records(text, dialect, width, first)):
        note = alone and _is_alone(record.cells) and _is_text(record.cells[0])
        found = _NOTE.match(record.cells[0])
        split_note = found and (len(record.cells) < width or (found[0].endswith(":") and not notes_above))
        if note or split_note:
            notes += 1
        elif any(cell.strip() for cell in record.cells):
            break
        begin = record.start
    return begin if notes else None


def given_start(text: str, dialect: Dialect, lines: int) -> int | None:
    """Where the last lines of a text begin, blank ones not counted; None: there are none."""
    position = len(text)
    while lines and position > 0:
        begin = text.rfind(dialect.newline, 0, position - 1) + 1
        lines -= not is_blank(text[begin:position].rstrip("\r\n"), dialect.separator)
        position = begin
    return position if position < len(text) else None


def _last_records(text: str, dialect: Dialect, width: int, first: int) -> list[Record]:
    """The last records of a text. If it begins within quotes, reading it from a later line makes sense of it."""
    offset = 0
    for _ in range(_MOST_LINES):
        found = [record for record in records(text[offset:], dialect) if record.cells and record.line >= first]
        if not offset and (first > 1 or sum(len(record.cells) == width for record in found) > 0.5 * len(found)):
            return found[-_MOST_LINES:]
        if found and sum(len(record.cells) == width for record in found) > 0.5 * len(found):
            return [record._replace(start=record.start + offset) for record in found[-_MOST_LINES:]]
        offset = text.find(dialect.newline, offset) + 1
        if not offset:
            break
    return []


def _is_alone(cells: Sequence[str]) -> bool:
    return bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])


def _is_text(cell: str) -> bool:
    return any(map(str.isalpha, cell)) and " " in cell.strip()
