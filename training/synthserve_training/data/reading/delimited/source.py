"""Reads the rows of a delimited text file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from synthserve_training.data.reading.delimited import fast
from synthserve_training.data.reading.delimited.records import Dialect, Record, records
from synthserve_training.data.reading.files.compression import StoredFile
from synthserve_training.data.reading.layout import (
    FileLayout,
    ReadingNote,
    ReadProgress,
    no_read_progress,
)
from synthserve_training.data.reading.text.decoding import Block, Decoder, blocks, count_byte
from synthserve_training.errors import ReadingError

_PIECE_BYTES = 1 << 18
"""How much of an irregular block is read carefully at a time."""

_LONGEST_QUOTED = 1 << 24


@dataclass(frozen=True)
class DelimitedSource:
    """A delimited text file.

    Attributes:
        layout: What was understood of it.
        file: Where it lies.
        dialect: How its cells are written.
        end: How many of its decompressed bytes are read; footers are behind them.
        found: Notes on the layout.
        reading: Notes on the rows of the last reading.
    """

    layout: FileLayout
    file: StoredFile
    dialect: Dialect
    end: int
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
        """Reads all rows, as text columns. See `TableSource.chunks`."""
        decoder = Decoder(self.layout.encoding or "utf-8", self.dialect.newline)
        rows = _Rows(self.file.name, self.dialect, self.layout)
        with self.file.open() as stream:
            for chunk in rows.frames(blocks(self.file, stream, decoder, self.end)):
                progress(stream.position)
                yield chunk
            progress(self.size)
        self.reading[:] = [*decoder.notes(), *rows.notes()]
        if self.file.path.stat().st_size > self.file.size:
            self.reading.append(
                ReadingNote(f"the file grew while it was read; what is behind byte {self.file.size:,} was left out")
            )


class _Tally:
    """Counts lines of a kind, and keeps the first one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.count = 0
        self.first = 0

    def add(self, line: int, count: int = 1) -> None:
        """Counts lines, the first of which is given."""
        self.first = self.first or line
        self.count += count


class _Rows:
    """Makes frames of blocks of text, fast where they are regular and carefully elsewhere."""

    def __init__(self, name: str, dialect: Dialect, layout: FileLayout) -> None:
        self._name = name
        self._dialect = dialect
        self._newline = dialect.newline.encode()
        self._names = layout.names
        self._first = layout.first_row
        self._skip_bad = layout.skip_bad_rows
        self._empty = pl.DataFrame(schema=dict.fromkeys(self._names, pl.String))
        self._pending_blank: list[int] = []
        self._bad = _Tally("rows have too few or too many cells and were left out")
        self._unclosed = _Tally(
            "rows have a cell that begins with a quote which does not enclose it; the quote was kept"
        )
        self._comments = _Tally("lines between the rows are comments and were left out")
        self._blank = _Tally("blank lines between the rows of the only column are missing values")

    def notes(self) -> list[ReadingNote]:
        """What people should know of the rows."""
        tallies = (self._bad, self._unclosed, self._comments, self._blank)
        return [ReadingNote(f"{tally.count:,} {tally.text}", tally.first) for tally in tallies if tally.count]

    def frames(self, found: Iterator[Block]) -> Iterator[pl.DataFrame]:
        """Makes a frame of each block that has rows; at least one frame."""
        kept, line = b"", 1
        none = True
        for block in found if self._first is not None else ():
            data, line = self._from_first_row(kept + block.data, line)
            parts: list[pl.DataFrame] = []
            kept = self._read(data, line, block.last, parts)
            if len(kept) > _LONGEST_QUOTED:
                line += data.count(self._newline, 0, len(data) - len(kept))
                raise ReadingError(
                    f"{self._name}, line {line}: a quote begins a cell there and does not end within "
                    f"{_LONGEST_QUOTED >> 20} MiB: mend it, or give an empty quote if quotes mean nothing"
                )
            line += count_byte(data[: len(data) - len(kept)], self._newline)
            if parts:
                none = False
                yield pl.concat(parts) if len(parts) > 1 else parts[0]
        if none:
            yield self._empty

    def _from_first_row(self, data: bytes, line: int) -> tuple[bytes, int]:
        """Leaves out the lines above the first row."""
        offset = 0
        while self._first is not None and line < self._first and offset < len(data):
            end = data.find(self._newline, offset)
            offset, line = (end + 1 if end >= 0 else len(data)), line + 1
        return data[offset:], line

    def _read(self, data: bytes, line: int, last: bool, parts: list[pl.DataFrame]) -> bytes:
        """Reads the records of data into frames: all at once where they are regular, or else in ever smaller pieces.

        Returns:
            The rest, which belongs to a record that the data do not end.
        """
        while data:
            if found := fast.read(data, self._dialect, self._names):
                frame, end = found
                if end:
                    parts.append(frame)
                if not last:
                    return data[end:]
                if end:
                    line, data = line + count_byte(data[:end], self._newline), data[end:]
                    continue
            cut = data.find(self._newline, len(data) // 2) + 1
            done = 0
            if len(data) > _PIECE_BYTES and 0 < cut < len(data):
                done = cut - len(self._read(data[:cut], line, False, parts))
            done = done or self._read_carefully(data, line, last, parts)
            if not done:
                return data
            line, data = line + count_byte(data[:done], self._newline), data[done:]
        return b""

    def _read_carefully(self, data: bytes, line: int, last: bool, parts: list[pl.DataFrame]) -> int:
        """Reads some data record by record, into a frame.

        Returns:
            How many bytes were read; none if they end within a quoted cell.
        """
        text = data.decode()
        rows: list[list[str]] = []
        end = 0
        for record in records(text, self._dialect, line, last=last):
            end = min(record.end, len(text))
            if record.cells:
                self._take(record, rows, cut=last and end == len(text) and not data.endswith(self._newline))
            elif record.comment:
                self._comments.add(record.line)
            elif len(self._names) == 1:
                self._pending_blank.append(record.line)
            if end >= _PIECE_BYTES:
                break
        if rows:
            parts.append(pl.DataFrame(list(zip(*rows, strict=True)), schema=self._empty.schema, orient="col"))
        return len(text[:end].encode())

    def _take(self, record: Record, rows: list[list[str]], *, cut: bool) -> None:
        """Takes a record as a row, and the blank lines before it."""
        if self._pending_blank:
            self._blank.add(self._pending_blank[0], len(self._pending_blank))
            rows.extend([""] for _ in self._pending_blank)
            self._pending_blank.clear()
        if len(record.cells) != len(self._names):
            self._bad.add(record.line)
            if not self._skip_bad:
                raise ReadingError(self._ragged(record, cut=cut))
            return
        if record.unclosed:
            self._unclosed.add(record.line)
        rows.append(record.cells)

    def _ragged(self, record: Record, *, cut: bool) -> str:
        has, wanted = len(record.cells), len(self._names)
        why = "; the file seems to end within the row" if cut and has < wanted else ""
        return (
            f"{self._name}, line {record.line}: it has {has} {'cell' if has == 1 else 'cells'}, and the table "
            f"has {wanted} columns{why}: mend the line, or leave such rows out with --skip-bad-rows"
        )
