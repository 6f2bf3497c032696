"""Reads delimited text files: CSV, TSV, and anything else with a separator."""

from collections.abc import Sequence
from dataclasses import replace

from synthserve_training.data.reading import header
from synthserve_training.data.reading.delimited import dialect, footer
from synthserve_training.data.reading.delimited.records import Dialect, Record, is_blank, records
from synthserve_training.data.reading.delimited.source import DelimitedSource
from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.layout import FileLayout, ReadingNote, numbered_names, unique_names
from synthserve_training.data.reading.text import charset, decoding
from synthserve_training.data.reading.text.survey import Survey, survey
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions

__all__ = ["DelimitedSource", "open_delimited"]


def open_delimited(file: StoredFile, address: str, options: SourceOptions) -> DelimitedSource:
    """Finds out how a delimited file is to be read.

    Args:
        file: The file.
        address: The address that was opened, for the layout.
        options: What the user gives is believed.

    Raises:
        ReadingError: It is empty, no text, or not understood.
    """
    found = survey(file)
    if not found.size:
        raise ReadingError(f"{file.name}: it is empty: give a file with rows")
    encoding, notes = charset.detect(file.name, found, options.encoding)
    text = decoding.decoded_head(found.head, encoding, whole=len(found.head) == found.size)
    _refuse_binary(file.name, found, encoding, text)
    newline, line_end = _line_end(text)
    text, whole = _first_lines(text, newline, whole=len(found.head) == found.size)
    how = dialect.detect(file.name, text, newline, options)
    lines = [record for record in dialect.content(records(text, how, last=whole)) if not _names_separator(record)]
    if not lines:
        raise ReadingError(f"{file.name}: it holds no rows, only blank lines or comments")
    head = header.locate(file.name, [*_commented_header(text, how, lines, options), *map(_line, lines)], options)
    names, name_notes = unique_names(head.names) if head.header_row else numbered_names(head.width)
    rows = [record.cells for record in lines if head.first_row and record.line >= head.first_row]
    end, footer_rows, footer_notes = _end(found, encoding, how, head, rows, options)
    layout = FileLayout(
        format="delimited",
        encoding=encoding,
        separator=how.separator,
        quote=how.quote,
        comment=how.comment,
        header_row=head.header_row,
        first_row=head.first_row,
        footer_rows=footer_rows,
        compression=file.compression,
        line_end=line_end,
        files=(file.name,),
        names=names,
        header_rows=head.header_rows,
        address=address,
        skip_bad_rows=options.skip_bad_rows,
    )
    if head.first_row is None:
        notes.append(ReadingNote("it has a header and no rows", head.header_row))
    return DelimitedSource(layout, file, how, end, (*notes, *head.notes, *name_notes, *footer_notes), [])


def _line(record: Record) -> header.Line:
    return header.Line(record.line, record.cells)


def _commented_header(text: str, how: Dialect, lines: Sequence[Record], options: SourceOptions) -> list[header.Line]:
    """The header, if it is a comment: the last one above the rows, if it has as many cells."""
    if not how.comment or header.is_certain(_line(lines[0]), list(map(_line, lines[1:]))):
        return []
    comments = [record for record in records(text[: lines[0].start], how) if record.comment]
    if options.header_row is not None:
        comments = [record for record in comments if record.line == options.header_row]
    if not comments:
        return []
    content = text[comments[-1].start : comments[-1].end].strip().lstrip(how.comment).lstrip(" ")
    cells = next(iter(records(content, replace(how, comment=None)))).cells if content else []
    if len(cells) < 2 or any(len(cells) != len(record.cells) for record in lines[:20]):
        return []
    return [header.Line(comments[-1].line, cells)]


def _refuse_binary(name: str, found: Survey, encoding: str, text: str) -> None:
    start = found.head[: 1 << 16]
    controls = sum(start.count(code) for code in range(32) if code not in {0, 1, 9, 10, 12, 13, 26, 28, 29, 30, 31})
    if (
        start.count(0) > 8 + 0.05 * len(start) and not encoding.startswith(("utf-16", "utf-32"))
    ) or controls > 8 + 0.02 * len(start):
        raise ReadingError(f"{name}: it is no text, and no other format that is known: write it as CSV or Parquet")
    if not text.strip("\0\r\n\t \x1a"):
        raise ReadingError(f"{name}: it holds no rows, only blank lines")


def _line_end(text: str) -> tuple[str, str]:
    """What ends the lines, and its name."""
    feeds, both = text.count("\n"), text.count("\r\n")
    if not feeds and "\r" in text:
        return "\r", "CR"
    return "\n", "CRLF" if both > feeds // 2 else "LF"


def _first_lines(text: str, newline: str, *, whole: bool) -> tuple[str, bool]:
    """The first lines of a text, and whether they are all of it: enough for detection, without a cut line."""
    position = 0
    for _ in range(dialect.LINES + 200):
        position = text.find(newline, position) + 1
        if not position:
            return text, whole
    return (text[:position], False) if position < len(text) else (text, whole)


def _names_separator(record: Record) -> bool:
    return record.line == 1 and len(record.cells) <= 2 and record.cells[0].strip('"').lower().startswith("sep=")


def _end(
    found: Survey, encoding: str, how: Dialect, head: header.Head, rows: Sequence[Sequence[str]], options: SourceOptions
) -> tuple[int, int, list[ReadingNote]]:
    """Where the rows end, in bytes; how many lines behind them are footers; and notes on these."""
    if head.first_row is None:
        return found.size, 0, []
    text = decoding.decoded_tail(found, encoding, how.newline)
    first = head.first_row if len(found.tail) == found.size else 1
    given = "footer_rows" in options.model_fields_set
    start = (
        footer.given_start(text, how, options.footer_rows)
        if given
        else footer.start(text, how, head.width, rows, first)
    )
    if start is None:
        return found.size, 0, []
    below = text[start:]
    lines = [line for line in below.split(how.newline) if not is_blank(line.rstrip("\r"), how.separator)]
    if not lines:
        return found.size, 0, []
    end = found.size - decoding.encoded_length(found, encoding, below, how.newline)
    return end, len(lines), [] if given else [_left_out(lines, how.separator)]


def _left_out(lines: Sequence[str], separator: str) -> ReadingNote:
    """A note on the lines below the table."""
    keep = "footer_rows = 0 in the recipe keeps them"
    one = len(lines) == 1
    count, was = ("1 line", "was") if one else (f"{len(lines):,} lines", "were")
    note = next((line.strip() for line in lines if line.strip(f" \r{separator}")), None)
    if note is None:
        return ReadingNote(f"{count} of empty cells at the end {was} left out, as spreadsheets write them; {keep}")
    return ReadingNote(f"{count} at the end {was} left out, as {'no row' if one else 'no rows'}: {note[:80]!r}; {keep}")
