"""Finds out how the cells of a text are written.

It is the dialect in which the lines agree on the number of cells, and in which the cells look like values. The idea is
that of van den Burg, Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019); the
scores are others.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from synthserve_training.data.reading import header
from synthserve_training.data.reading.cells import Kind, kind
from synthserve_training.data.reading.delimited.records import Dialect, Record, records
from synthserve_training.errors import ReadingError
from synthserve_training.tables.recipe import SourceOptions

LINES = 1000
_COMMON = ",;\t|"
_RARE = "\x1f\x01~^:!& "
_COMMENTS = "#%"
_SCORES = {Kind.MISSING: 0.9, Kind.NUMBER: 1.0, Kind.MOMENT: 1.0, Kind.WORD: 1.0, Kind.TEXT: 0.9}
_SCORES_OF_OTHERS = ((re.compile("\t"), 0.1), (re.compile("[;|]|,(?! )"), 0.2), (re.compile(","), 0.75))
"""Scores of texts with another separator in them: the less it is a sign of texts, the lower."""


@dataclass(frozen=True)
class _Candidate:
    """A dialect, and how well the lines agree in it.

    Attributes:
        width: The most common number of cells.
        agreement: The share of records with that number of cells, from the first to the last of them, and less where
            these are not even half of all records.
        purity: The mean score of cells.
        fits_header: Whether the first record has as many cells.
        is_whole: Whether all records have.
    """

    dialect: Dialect
    width: int
    agreement: float
    purity: float
    fits_header: bool
    is_whole: bool

    @property
    def score(self) -> float:
        return self.agreement**2 * self.purity * self.width / (self.width + 1)


def detect(name: str, text: str, newline: str, options: SourceOptions) -> Dialect:
    """Finds out how the cells of a text are written.

    Args:
        name: The file's name, for messages.
        text: Its first lines.
        newline: What ends them.
        options: What the user gives is believed.

    Raises:
        ReadingError: Two dialects fit equally, or the cells are aligned by spaces.
    """
    base = Dialect(",", _quote_of(text, options), _comment_of(text, newline, options), newline)
    if options.separator is not None:
        return _with_quote(text, replace(base, separator=options.separator), options)
    if (named := _named_separator(text)) is not None:
        return _with_quote(text, replace(base, separator=named), options)
    common = _fitting(_candidates(text, base, _COMMON))
    best = max(common, key=lambda candidate: candidate.score, default=None)
    if (best is None or best.agreement < 0.8) and not _are_single_values(text, newline):
        rare = [candidate for candidate in _candidates(text, base, _RARE) if _is_sure(candidate, text)]
        best = max([*rare, *([best] if best else [])], key=lambda candidate: candidate.score, default=None)
    if best is None or not _is_table(name, text, best):
        _refuse_alignment(name, text, newline)
        return replace(base, separator="\t" if "\t" not in text else "\x1f")
    rivals = [rival for rival in common if rival.dialect != best.dialect and rival.score > 0.97 * best.score]
    if best.dialect.separator in _COMMON and rivals:
        raise ReadingError(
            f"{name}: {best.dialect.separator!r} and {rivals[0].dialect.separator!r} may both separate its cells: "
            "give the separator"
        )
    return _with_quote(text, best.dialect, options)


def content(found: Iterable[Record]) -> list[Record]:
    """The records that are not blank, at most 1,000."""
    return list(islice((record for record in found if record.cells), LINES))


def _quote_of(text: str, options: SourceOptions) -> str | None:
    """The quote: double quotes, unless only single ones enclose cells."""
    if options.quote is not None:
        return options.quote or None
    start = text[: 1 << 17]
    if '"' not in start:
        enclosed = sum(start.count(before + "'") for before in ",;\t|\n")
        closed = sum(start.count("'" + behind) for behind in ",;\t|\n\r")
        if enclosed > 1 and closed >= 0.8 * enclosed and start.replace("''", "").count("'") <= 2.5 * enclosed:
            return "'"
    return '"'


def _comment_of(text: str, newline: str, options: SourceOptions) -> str | None:
    """The sign of comments: lines at the top begin with it, and those below do not."""
    if options.comment is not None:
        return options.comment or None
    lines = [line for line in text.split(newline, LINES)[:LINES] if line.strip()]
    for sign in _COMMENTS:
        above = next((number for number, line in enumerate(lines) if not line.startswith(sign)), len(lines))
        below = lines[above:]
        if above and sum(line.startswith(sign) for line in below) <= max(1, 0.1 * len(below)):
            return sign
    return None


def _named_separator(text: str) -> str | None:
    """The separator that Excel's first line `sep=;` names."""
    first = text[:8].split("\n")[0].rstrip("\r").strip('"')
    return first[4] if len(first) == 5 and first.lower().startswith("sep=") else None


def _candidates(text: str, base: Dialect, separators: str) -> list[_Candidate]:
    found = (_candidate(text, replace(base, separator=separator)) for separator in separators if separator in text)
    return [candidate for candidate in found if candidate]


def _fitting(candidates: list[_Candidate]) -> list[_Candidate]:
    """The candidates without those that occur in texts only, not in the header, where another one separates all."""
    if any(candidate.is_whole for candidate in candidates):
        return [candidate for candidate in candidates if candidate.fits_header]
    return candidates


def _candidate(text: str, dialect: Dialect) -> _Candidate | None:
    found = content(records(text, dialect))
    if not found:
        return None
    widths = Counter(len(record.cells) for record in found)
    width = max(
        (width for width in widths if width > 1), key=lambda width: (widths[width] * (width - 1), width), default=1
    )
    if width < 2:
        return None
    fitting = [number for number, record in enumerate(found) if len(record.cells) == width]
    inside = found[fitting[0] : fitting[-1] + 1]
    agreement = len(fitting) / len(inside) * min(1.0, 2 * len(fitting) / len(found))
    rows = [record for record in inside if len(record.cells) == width][:200]
    scores = [_score(cell, dialect.separator) for record in rows for cell in record.cells[:500]]
    unclosed = sum(record.unclosed for record in rows) / len(rows)
    purity = sum(scores) / len(scores) * (1 - unclosed / 2)
    return _Candidate(
        dialect,
        width,
        agreement,
        purity,
        fits_header=len(found[0].cells) == width,
        is_whole=len(fitting) == len(found),
    )


def _score(cell: str, separator: str) -> float:
    looks = kind(cell)
    if looks is Kind.TEXT:
        if separator == "\t" and "," in cell:
            return 0.75  # Tabs are hardly ever in texts.
        others = cell.replace(separator, " ")
        return next((score for other, score in _SCORES_OF_OTHERS if other.search(others)), _SCORES[looks])
    return _SCORES[looks]


def _is_table(name: str, text: str, best: _Candidate) -> bool:
    """Whether a candidate separates columns, or only occurs in the texts of a single one."""
    found = content(records(text, best.dialect))
    first = found[0]
    if best.dialect.separator == ",":
        _refuse_decimal_commas(name, found, best.width)
        if len(first.cells) == 1 and best.width == 2 and _are_numbers(found[1:]):
            return False
    if len(first.cells) == 1 and len(found) > 1 and len(found[1].cells) > 1:
        spaced = sum(cell.startswith(" ") for record in found[1:] for cell in record.cells[1:])
        cells = sum(len(record.cells) - 1 for record in found[1:])
        if best.agreement < 0.95 or best.dialect.separator in " :":
            return False
        lines = [header.Line(record.line, record.cells) for record in found[1:] if len(record.cells) == best.width]
        if (spaced > 0.9 * cells and best.width == 2) or not header.is_certain(lines[0], lines[1:]):
            raise ReadingError(
                f"{name}, line {first.line}: the first line has one cell, the others have {best.width}, or one with "
                f"{best.dialect.separator!r} in its text: give the separator (one that does not occur makes one column)"
            )
    return best.agreement >= (0.5 if best.fits_header else 0.8)


def _are_numbers(found: Sequence[Record]) -> bool:
    return all(cell.strip().lstrip("+-").isdigit() for record in found for cell in record.cells)


def _is_sure(rare: _Candidate, text: str) -> bool:
    """Whether a rare separator separates cells: colons are of times, too, and spaces separate words."""
    if rare.agreement < 0.9 or not rare.fits_header:
        return False
    found = content(records(text, rare.dialect))
    if rare.dialect.separator == ":":
        return not any(re.search(r"\d:\d\d\b", ":".join(record.cells)) for record in found)
    if rare.dialect.separator == " ":
        numbers = [sum(kind(cell) is Kind.NUMBER for cell in record.cells) for record in found[1:]]
        return rare.width > 2 and bool(numbers) and sum(map(bool, numbers)) >= 0.9 * len(numbers)
    return True


def _are_single_values(text: str, newline: str) -> bool:
    """Whether the lines are numbers, dates or times, as a whole."""
    lines = [line for line in text.split(newline, 50)[:50] if line.strip()]
    return sum(kind(line) in {Kind.NUMBER, Kind.MOMENT} for line in lines) >= 0.8 * len(lines)


def _refuse_decimal_commas(name: str, found: Sequence[Record], width: int) -> None:
    """Refuses numbers in pairs: a comma between them may separate cells or decimals."""
    if all(len(record.cells) == width for record in found) and width == 2 and _are_numbers(found):
        raise ReadingError(
            f"{name}, line {found[0].line}: its commas may separate cells or decimals: give the separator (one that "
            "does not occur, such as a semicolon, makes one column)"
        )
    if (
        width % 2 == 0
        and len(found) > 1
        and width > 2
        and len(found[0].cells) == width // 2
        and _are_numbers(found[1:])
    ):
        raise ReadingError(
            f"{name}, line {found[1].line}: it has {width} cells, and the header has {width // 2}: the comma seems to "
            "separate both cells and decimals; write the file with another separator"
        )


def _refuse_alignment(name: str, text: str, newline: str) -> None:
    """Refuses columns that are aligned by runs of spaces."""
    lines = [line.strip() for line in text.split(newline, LINES)[:LINES] if line.strip()]
    widths = Counter(len(line.split()) for line in lines)
    width, count = max(widths.items(), key=lambda item: item[1], default=(0, 0))
    runs = sum("  " in line for line in lines)
    if width > 2 and len(lines) > 2 and count >= 0.8 * len(lines) and runs >= 0.5 * len(lines):
        raise ReadingError(
            f"{name}: runs of spaces seem to align its {width} columns, which is not read: write it with a "
            "separator, or give one (one that does not occur makes one column)"
        )


def _with_quote(text: str, dialect: Dialect, options: SourceOptions) -> Dialect:
    """Drops the quote of a tab-separated text whose quotes enclose nothing."""
    if options.quote is not None or dialect.separator != "\t" or dialect.quote is None:
        return dialect
    found = content(records(text, dialect))
    if any(record.quoted for record in found) and not any(record.unclosed for record in found):
        return dialect
    return replace(dialect, quote=None)
