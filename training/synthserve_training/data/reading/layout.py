"""What was understood of a source of rows, and the interface of all sources."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import polars as pl

from synthserve_training.tables.recipe import SourceOptions

Format: TypeAlias = Literal["delimited", "json-lines", "parquet", "arrow", "excel", "database"]

ReadProgress: TypeAlias = Callable[[int], None]
"""Takes how many bytes of a source's `size` have been read so far. A source without a size does not call it."""


def no_read_progress(_done: int, /) -> None:
    """Shows nothing."""


@dataclass(frozen=True)
class ReadingNote:
    """A warning for people.

    Attributes:
        text: What was found, and which option decides it.
        line: The line of the file that it is about, from 1.
        column: The name of the column that it is about.
    """

    text: str
    line: int | None = None
    column: str | None = None


@dataclass(frozen=True)
class FileLayout:
    """What was understood of a source.

    Attributes:
        format: As `SourceOptions.format`.
        encoding: Of a text, as Python names it.
        separator: What separates the cells of a delimited file.
        quote: What encloses quoted cells; None: nothing does.
        comment: Lines that begin with it are left out; None: there are no such lines.
        header_row: The header's line, from 1; None: there is no header. Of a delimited file, it is a physical line.
        first_row: The line of the first row of data; None where the source has no lines, or no rows.
        footer_rows: How many lines at the end are no rows. Blank lines are not counted.
        compression: `gz`, `zst`, `xz`, `bz2`, `zip` or None.
        line_end: `LF`, `CRLF` or `CR` of a text.
        files: The files, as people know them.
        names: The names of the columns. They are unique: a name that repeats has a number behind it, and a column
            without a name is called by its position, such as `column_3`.
        header_rows: How many lines of the header make the names.
        address: The address that was opened, without the secrets that it may have.
        sheet: The sheet of an Excel file.
        skip_bad_rows: Whether rows with too few or too many cells are left out.
        varying: The options on which several files differ; they must be found out for each file.
    """

    format: Format
    encoding: str | None
    separator: str | None
    quote: str | None
    comment: str | None
    header_row: int | None
    first_row: int | None
    footer_rows: int
    compression: str | None
    line_end: str | None
    files: tuple[str, ...]
    names: tuple[str, ...]
    header_rows: int = 1
    address: str | None = None
    sheet: str | None = None
    skip_bad_rows: bool = False
    varying: frozenset[str] = frozenset()

    def options(self) -> SourceOptions:
        """The options that read the source in the same way, with nothing left to find out."""
        found: dict[str, Any] = {"address": self.address, "format": self.format}
        if self.format in {"delimited", "excel"}:
            found |= {
                "header_row": self.header_row or 0,
                "header_rows": self.header_rows,
                "first_row": self.first_row,
                "footer_rows": self.footer_rows,
            }
        if self.format == "delimited":
            found |= {
                "separator": self.separator,
                "quote": self.quote or "",
                "comment": self.comment or "",
                "skip_bad_rows": self.skip_bad_rows,
            }
        found |= {"encoding": self.encoding, "sheet": self.sheet}
        return SourceOptions(**{name: value for name, value in found.items() if name not in self.varying})


class TableSource(Protocol):
    """Rows that can be read, in chunks, as often as one likes."""

    @property
    def layout(self) -> FileLayout:
        """What was understood of the source."""
        ...

    @property
    def size(self) -> int | None:
        """Its bytes, for progress and estimates; None: unknown."""
        ...

    def notes(self) -> Sequence[ReadingNote]:
        """Warnings for people. They are complete after all chunks were read."""
        ...

    def chunks(self, progress: ReadProgress = no_read_progress) -> Iterator[pl.DataFrame]:
        """Reads all rows from the start, in bounded memory.

        Args:
            progress: Takes how many bytes of `size` have been read so far.

        Yields:
            Some rows: a column per name of the layout, with the same types in each chunk. At least one chunk, which
            may have no rows.

        Raises:
            ReadingError: The source cannot be read, or is no table.
        """
        ...


def unique_names(found: Sequence[str]) -> tuple[tuple[str, ...], list[ReadingNote]]:
    """Makes the names of columns unique.

    Args:
        found: The names as the source has them; empty where it has none.

    Returns:
        The names, and a note for each that was changed.
    """
    taken = {name for name in found if name.strip()}
    names: list[str] = []
    following: dict[str, int] = {}
    notes = []
    for position, name in enumerate(found, 1):
        free = name
        if not name.strip():
            free, _ = _free(f"column_{position}", taken)
            notes.append(ReadingNote(f"column {position} has no name in the header; it is called {free}", column=free))
        elif name in following:
            free, following[name] = _free(name, taken, following[name])
            notes.append(ReadingNote(f"the name {name!r} repeats; column {position} is called {free!r}", column=free))
        taken.add(free)
        following.setdefault(free, 2)
        names.append(free)
    return tuple(names), notes


def numbered_names(count: int) -> tuple[tuple[str, ...], list[ReadingNote]]:
    """Names for the columns of a source without a header, and a note of that."""
    names = tuple(f"column_{position}" for position in range(1, count + 1))
    last = f" to {names[-1]}" if count > 1 else ""
    return names, [ReadingNote(f"there is no header; the columns are called {names[0]}{last}")]


def _free(name: str, taken: set[str], number: int = 1) -> tuple[str, int]:
    """A name that is not taken, which is the given one (1) or has a number behind it, and the number to try next."""
    while (free := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    return free, number + 1
