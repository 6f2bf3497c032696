"""Finds the header of a table among its first records, and the first row below it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from synthserve_training.data.reading.cells import Kind, kind
from synthserve_training.data.reading.layout import ReadingNote
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions

_ROWS = 200
_CELLS = 500
"""How many rows, and how many cells of each, are compared with the header."""

_CERTAIN = 0.5
_TYPED = frozenset({Kind.NUMBER, Kind.MOMENT})
_FORMATS = re.compile(
    r"\d{1,3}[sndxf]|-{2,}|={2,}|:?-{3,}:?|\(.{1,12}\)|\[.{0,12}\]|"
    r"str(ing)?|int(eger)?\d*|float\d*|double|bool(ean)?|date(time)?|timestamp|text|varchar(\(\d+\))?|char(acter)?|numeric|number",
    re.IGNORECASE,
)
"""Cells of second header lines: formats of fields, units in brackets, names of types, and lines."""


@dataclass(frozen=True)
class Line:
    """A record of the head: its line in the file, from 1, and its cells."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Head:
    """Where a table begins.

    Attributes:
        width: The number of columns.
        header_row: The line of the header; None: there is none.
        header_rows: How many lines of the header make the names.
        first_row: The line of the first row; None: there is no row.
        names: As they are in the header; empty where it has none.
        notes: What people should check.
    """

    width: int
    header_row: int | None
    header_rows: int
    first_row: int | None
    names: tuple[str, ...]
    notes: tuple[ReadingNote, ...] = ()


def locate(name: str, lines: Sequence[Line], options: SourceOptions) -> Head:
    """Finds the header and the first row.

    Args:
        name: The file's name, for messages.
        lines: The first records that are not blank, at least one.
        options: What the user gives is believed.

    Raises:
        ReadingError: The header has fewer or more names than the rows have cells, or the given lines do not exist.
    """
    if options.header_row is not None or options.first_row is not None:
        return _given(name, lines, options)
    width = _width(lines)
    start = _start(lines, width)
    above = [ReadingNote("it is above the table and was left out", line.line) for line in lines[:start]]
    table = lines[start:]
    rows = [row for row in table[1:_ROWS] if len(row.cells) == len(table[1].cells)]
    if not _has_header(table[0], rows):
        return Head(width, None, 1, table[0].line, ("",) * width, (*above, *_doubt(table[0], rows, header=False)))
    return _below_header(name, table, above)


def _given(name: str, lines: Sequence[Line], options: SourceOptions) -> Head:
    """The head at the lines that the user gives."""
    if not options.header_row:
        rows = [row for row in lines if row.line >= (options.first_row or 1)]
        if not rows:
            raise ReadingError(f"{name}: first_row = {options.first_row} is behind its end")
        width = _width(rows)
        return Head(width, None, 1, options.first_row or rows[0].line, ("",) * width)
    header = [row for row in lines if row.line >= options.header_row][: options.header_rows]
    if not header or header[0].line != options.header_row:
        raise ReadingError(f"{name}: there is no header in line {options.header_row}: give the line of the names")
    rows = [row for row in lines if row.line >= (options.first_row or header[-1].line + 1)]
    names = _joined([row.cells for row in header])
    width = _width(rows) if rows else len(names)
    names = _fitted(name, header[0].line, names, rows, width)
    first = options.first_row or (rows[0].line if rows else None)
    return Head(len(names), header[0].line, options.header_rows, first, names)


def _width(lines: Sequence[Line]) -> int:
    """The number of columns: the most common number of cells, those of long records first."""
    widths = Counter(len(row.cells) for row in lines)
    return max(widths, key=lambda width: (widths[width] * max(width - 1, 0.5), width))


def _start(lines: Sequence[Line], width: int) -> int:
    """The index of the first record of the table: titles above it have fewer cells, or hardly a filled one."""
    filled = sorted(_filled(row) for row in lines if len(row.cells) == width)
    usual = filled[len(filled) // 2] if filled else width
    for index, row in enumerate(lines[:100]):
        if (
            len(row.cells) == width
            and not _is_title(lines, index)
            and (_filled(row) >= min(2, usual, width) or (width <= 2 and _filled(row)))
        ):
            return index
        if _is_short_header(lines, index, width):
            return index
    return 0


def _is_title(lines: Sequence[Line], index: int) -> bool:
    """Whether a record is a title that its commas cut into cells: its last cells are empty, and the header follows."""
    cells, below = [bool(cell.strip()) for cell in lines[index].cells], lines[index + 1 : index + 21]
    if 2 * sum(cells) > len(cells) or not all(cells[: sum(cells)]) or len(below) < 2:
        return False
    return _filled(below[0]) == len(cells) and is_certain(below[0], below[1:])


def _is_short_header(lines: Sequence[Line], index: int, width: int) -> bool:
    """Whether a record is a header although its number of cells differs by one from that of all rows below."""
    row, below = lines[index], lines[index + 1 : index + 21]
    if abs(len(row.cells) - width) != 1 or width < 3 or not below or any(len(other.cells) != width for other in below):
        return False
    texts = all(kind(cell) in {Kind.WORD, Kind.TEXT} for cell in row.cells if cell) and _filled(row) >= width - 1
    return texts and not is_certain(below[0], below[1:])


def _filled(row: Line) -> int:
    return sum(bool(cell.strip()) for cell in row.cells)


def _has_header(first: Line, rows: Sequence[Line]) -> bool:
    """Whether the first record names the columns, by how its cells differ from those below."""
    if not rows:
        return all(kind(cell) not in _TYPED for cell in first.cells) or _is_sequence(first.cells)
    if _is_sequence(first.cells) and not any(_is_sequence(row.cells) for row in rows[:3]):
        return True
    return sum(_evidence(first, rows)) >= 0


def is_certain(first: Line, rows: Sequence[Line]) -> bool:
    """Whether a record certainly names the columns of those below."""
    return sum(_evidence(first, rows[:_ROWS])) >= _CERTAIN


def _evidence(first: Line, rows: Sequence[Line]) -> list[float]:
    """For each column, how much its first cell speaks for a header (above 0) or for data (below 0)."""
    evidence = []
    for name, *cells in zip(first.cells[:_CELLS], *(row.cells for row in rows), strict=False):
        values = [cell.strip() for cell in cells]
        looks, typed = kind(name), _type_of(values)
        if looks is Kind.MISSING:
            evidence.append(-0.3 if name.strip() else 0.0)
        elif typed in _TYPED:
            year = typed is Kind.NUMBER and _is_year(name) and not all(map(_is_year, filter(None, values)))
            evidence.append(1.0 if looks not in _TYPED else 0.2 if year else -1.0)
        elif looks in _TYPED:
            evidence.append(-0.2 if typed is not None else 0.0)
        elif name.strip() in values:
            evidence.append(-1.0 if values.count(name.strip()) > 1 or len(values) < 20 else -0.5)
        else:
            evidence.append(_shape_evidence(name.strip(), values))
    return evidence


def _shape_evidence(name: str, values: Sequence[str]) -> float:
    """How much a text differs from the texts below: in its length, where theirs is the same, or as no repeated one."""
    filled = [value for value in values if value]
    if not filled:
        return 0.1
    lengths = {len(value) for value in filled}
    if len(lengths) == 1 and len(filled) > 2:
        return 0.7 if len(name) not in lengths else -0.3 if len(filled) > 20 else 0.0
    return 0.4 if len(set(filled)) < 0.5 * len(filled) else 0.05


def _doubt(first: Line, rows: Sequence[Line], *, header: bool) -> list[ReadingNote]:
    """A note where the first record may be a header or data."""
    rows = [row for row in rows[:_ROWS] if len(row.cells) == len(first.cells)]
    if not rows or abs(sum(_evidence(first, rows))) >= _CERTAIN:
        return []
    taken, other = ("the header", "header_row = 0") if header else ("data", f"header_row = {first.line}")
    return [ReadingNote(f"it was taken for {taken}, which is not certain: {other} decides otherwise", first.line)]


def _type_of(values: Sequence[str]) -> Kind | None:
    """The kind that nearly all filled cells of a column have; None: there is none."""
    kinds = Counter(kind(value) for value in values)
    kinds.pop(Kind.MISSING, None)
    if not kinds:
        return None
    best, count = kinds.most_common(1)[0]
    return best if count >= 0.9 * kinds.total() else Kind.TEXT


def _is_year(cell: str) -> bool:
    return bool(re.fullmatch(r"(1[5-9]|20)\d\d", cell.strip()))


def _is_sequence(cells: Sequence[str]) -> bool:
    """Whether cells are numbers that count up by one, as names of columns may: 0, 1, 2, or years."""
    numbers = [cell.strip() for cell in cells if cell.strip()]
    if len(numbers) < 2 or not all(re.fullmatch(r"\d{1,4}", number) for number in numbers):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(numbers))


def _below_header(name: str, table: Sequence[Line], notes: Sequence[ReadingNote]) -> Head:
    """The head of a table whose first record is its header."""
    header, second = table[0], table[1] if len(table) > 1 else None
    extra = second is not None and _is_second_header(header, second, table[2:])
    rows = table[2:] if extra else table[1:]
    found = [*notes, *_doubt(header, rows, header=True)]
    names, lines = tuple(header.cells), 1
    if extra and second:
        if any(not cell.strip() and other.strip() for cell, other in zip(header.cells, second.cells, strict=False)):
            names, lines = _joined([header.cells, second.cells]), 2
            found.append(ReadingNote("it is a second header line; the names join both", second.line))
        else:
            found.append(ReadingNote("it describes the columns and was left out", second.line))
    width = _width(rows) if rows else len(names)
    names = _fitted(name, header.line, names, rows, width)
    return Head(len(names), header.line, lines, rows[0].line if rows else None, names, tuple(found))


def _is_second_header(header: Line, second: Line, rows: Sequence[Line]) -> bool:
    """Whether the line below the header is none of the rows: it has texts where they have numbers or dates."""
    if len(second.cells) != len(header.cells):
        return False
    filled = [cell.strip() for cell in second.cells if cell.strip()]
    if filled and all(map(_FORMATS.fullmatch, filled)) and not _repeats(second, rows):
        return True
    columns = list(
        zip(*(row.cells[:_CELLS] for row in rows[:_ROWS] if len(row.cells) == len(second.cells)), strict=False)
    )
    typed = [cell for cell, values in zip(second.cells, columns, strict=False) if _type_of(values) in _TYPED]
    texts = [cell for cell in typed if cell.strip()]
    return len(rows) > 2 and len(texts) > 1 and all(kind(cell) in {Kind.WORD, Kind.TEXT} for cell in texts)


def _repeats(row: Line, rows: Sequence[Line]) -> bool:
    return any(list(other.cells) == list(row.cells) for other in rows)


def _joined(lines: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Joins the lines of a header: an empty cell means that the name on its left goes on."""
    if len(lines) == 1:
        return tuple(lines[0])
    upper = ""
    names = []
    for index in range(max(map(len, lines))):
        cells = [line[index].strip() if index < len(line) else "" for line in lines]
        upper = cells[0] or (upper if any(cells) else "")
        parts = [part for part in dict.fromkeys([upper, *cells[1:]]) if part]
        names.append(" - ".join(parts))
    return tuple(names)


def _fitted(name: str, line: int, names: tuple[str, ...], rows: Sequence[Line], width: int) -> tuple[str, ...]:
    """Names for all cells of the rows, where header and rows differ by an empty cell at the end, or by row names.

    Raises:
        ReadingError: They differ otherwise.
    """
    if len(names) == width:
        return names
    whole = [row.cells for row in rows if len(row.cells) == width]
    if len(names) > width and not any(cell.strip() for cell in names[width:]):
        return names[:width]
    if len(names) < width and all(not cell.strip() for cells in whole for cell in cells[len(names) :]):
        return names + ("",) * (width - len(names))
    first = [cells[0] for cells in whole]
    if len(names) == width - 1 and len(set(first)) == len(first) > 1:
        return ("", *names)  # R writes row names without a name.
    raise ReadingError(
        f"{name}, line {line}: the header has {len(names)} cells, and the rows have {width}: give header_row, the "
        "separator or the quote"
    )
