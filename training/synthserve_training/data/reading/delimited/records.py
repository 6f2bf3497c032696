"""Cuts a delimited text into records, carefully: in every dialect, with the number of each line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


@dataclass(frozen=True)
class Dialect:
    r"""How the cells of a text are written.

    Attributes:
        separator: What separates them.
        quote: What encloses quoted cells; None: nothing does.
        comment: Lines that begin with it are left out; None: there are no such lines.
        newline: What ends a line: `\n`, which a `\r` may precede, or `\r`.
    """

    separator: str
    quote: str | None = '"'
    comment: str | None = None
    newline: str = "\n"


class Record(NamedTuple):
    """The cells of a record, without quotes.

    Attributes:
        line: The line where it begins, from 1.
        cells: Its cells; none of a blank line.
        start: The offset of its first character in the text.
        end: The offset behind its line end.
        unclosed: Whether a cell begins with a quote that does not enclose it; it is kept as it is.
        quoted: Whether a cell is quoted.
        comment: Whether it is a comment; it has no cells then.
    """

    line: int
    cells: list[str]
    start: int
    end: int
    unclosed: bool = False
    quoted: bool = False
    comment: bool = False


def records(text: str, dialect: Dialect, line: int = 1, *, last: bool = True) -> Iterator[Record]:
    """Cuts a text into records.

    A cell is quoted if it begins with a quote, spaces before it aside, and if a separator or a line end follows the
    closing quote. In it, a quote is doubled, or has a backslash before it. All other cells are taken literally.

    Args:
        text: Whole lines.
        dialect: How its cells are written.
        line: The number of the first line.
        last: Whether the text ends here. If not, a record that ends within quotes is left out.

    Yields:
        The records; blank lines and comments as records without cells.
    """
    start, length, newline = 0, len(text), dialect.newline
    open_cell = _patterns(dialect).open_cell if dialect.quote and dialect.quote in text else None
    while start < length:
        end = text.find(newline, start)
        end = length if end < 0 else end
        content = text[start:end]
        if newline == "\n" and content.endswith("\r"):
            content = content[:-1]
        if dialect.comment and content.startswith(dialect.comment):
            yield Record(line, [], start, end + 1, comment=True)
        elif is_blank(content, dialect.separator):
            yield Record(line, [], start, end + 1)
        elif not (open_cell and open_cell.search(content)):
            yield Record(line, content.split(dialect.separator), start, end + 1)
        else:
            record = _quoted(text, start, dialect, line, last=last)
            if record is None:
                return
            yield record
            line += text.count(newline, start, record.end)
            start = record.end
            continue
        line += 1
        start = end + 1


def is_blank(line: str, separator: str) -> bool:
    r"""Whether a line, without its end, has no cells; `\x1a` ends the files of DOS."""
    return not line or (line.isspace() and separator not in line) or line == "\x1a"


class _Patterns(NamedTuple):
    """What cells look like.

    Attributes:
        open_cell: The begin of a line with a cell that begins with a quote.
        cell: A cell and what ends it; in groups a quoted one and its end, or another one and its end.
        unfinished: A cell that begins with a quote, up to the end of the text.
        escaped: A quote within quotes.
    """

    open_cell: re.Pattern[str]
    cell: re.Pattern[str]
    unfinished: re.Pattern[str]
    escaped: re.Pattern[str]


@cache
def _patterns(dialect: Dialect) -> _Patterns:
    quote, separator = re.escape(dialect.quote or '"'), re.escape(dialect.separator)
    newline, line_end = (r"\r?\n", r"\n") if dialect.newline == "\n" else (r"\r", r"\r")
    spaces = "" if dialect.separator == " " else " *+"
    end = rf"{separator}|{newline}|\Z"
    inner = rf"(?:[^{quote}\\]++|{quote}{quote}|\\{quote}(?!{quote}|{spaces}(?:{end}))|\\)*+"
    quoted = rf"{spaces}{quote}({inner}){quote}{spaces}({end})"
    return _Patterns(
        open_cell=re.compile(rf"(?:^|{separator}){spaces}{quote}"),
        cell=re.compile(rf"{quoted}|([^{separator}{line_end}]*+)({separator}|{line_end}|\Z)"),
        unfinished=re.compile(rf"{spaces}{quote}{inner}(?:{quote}{spaces})?\r?\Z"),
        escaped=re.compile(rf"{quote}{quote}|\\{quote}(?!{quote})"),
    )


def _quoted(text: str, start: int, dialect: Dialect, line: int, *, last: bool) -> Record | None:
    """The record at an offset, which has quotes. None: it is not finished in this text."""
    patterns, quote = _patterns(dialect), dialect.quote or ""
    cells: list[str] = []
    unclosed = quoted = False
    for match in patterns.cell.finditer(text, start):
        value, end, other, other_end = match.groups()
        if value is not None:
            quoted = True
            cells.append(patterns.escaped.sub(quote, value) if quote in value else value)
        else:
            begins_quoted = other.lstrip(" ").startswith(quote)
            if begins_quoted and not last and patterns.unfinished.match(text, match.start()):
                return None
            unclosed, end = unclosed or begins_quoted, other_end
            cells.append(other.removesuffix("\r") if end == "\n" else other)
        if end != dialect.separator:
            return Record(line, cells, start, match.end() or 1, unclosed, quoted)
    return None
