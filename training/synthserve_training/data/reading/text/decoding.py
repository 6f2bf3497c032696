"""Makes UTF-8 of encoded texts, block by block, and repairs what is not in the encoding."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synthserve_training.data.reading.files.compression import ByteStream, StoredFile
from synthserve_training.data.reading.layout import ReadingNote
from synthserve_training.data.reading.text.survey import Survey
from synthserve_training.errors import ReadingError

WESTERN = "cp1252"
"""The encoding of lines that are not UTF-8 in a file that is."""

_UTF8 = frozenset({"utf-8", "utf-8-sig"})
_STATEFUL = ("utf-16", "utf-32", "utf-7", "utf_7", "iso2022", "hz")
_CONTINUATION = bytes(range(0x80, 0xC0))
_BLOCK_BYTES = 1 << 23
_LONGEST_LINE = 1 << 28


@dataclass(frozen=True)
class Block:
    """Whole lines of a text, the last one possibly without a line end.

    Attributes:
        data: UTF-8.
        line: The number of the first line, from 1.
        last: Whether the text ends with it.
    """

    data: bytes
    line: int
    last: bool


def decoded_head(head: bytes, encoding: str, *, whole: bool) -> str:
    """The text of the first bytes of a file, as far as they are whole lines."""
    if not whole:
        if encoding in _UTF8 or not _is_wide(encoding):
            end = max(head.rfind(b"\n"), head.rfind(b"\r"))
            head = head[: end + 1] if end >= 0 else head
        else:
            head = head[: len(head) // 4 * 4]
    if encoding in _UTF8:
        text = Decoder("utf-8").utf8(head.removeprefix(codecs.BOM_UTF8), 1).decode()
    else:
        text = head.decode(encoding, "replace").removeprefix("\ufeff")
    return text.replace("\0", "")


def decoded_tail(survey: Survey, encoding: str, newline: str) -> str:
    """The text of the last lines of a file."""
    tail = survey.tail
    if _is_wide(encoding):
        tail = tail[(len(survey.tail) - survey.size) % 4 if len(tail) < survey.size else 0 :]
        text = tail.decode(_same_order(survey, encoding), "replace").removeprefix("\ufeff")
    else:
        text = Decoder(encoding, newline).utf8(tail.removeprefix(codecs.BOM_UTF8), 1).decode(errors="replace")
    return text if len(survey.tail) == survey.size else text[text.find(newline) + 1 :]


def encoded_length(survey: Survey, encoding: str, text: str, newline: str) -> int:
    """How many bytes the last lines of a file take."""
    if _is_wide(encoding):
        return len(text.encode(_same_order(survey, encoding), "replace"))
    lines, end = text.count(newline), len(survey.tail)
    if text.endswith(newline):
        end -= 1
        lines -= 1
    for _ in range(lines + 1):
        end = survey.tail.rfind(newline.encode(), 0, end)
    return len(survey.tail) - end - 1


def _same_order(survey: Survey, encoding: str) -> str:
    """The name of a wide encoding that says its byte order, which a mark at the begin of the file says otherwise."""
    encoding = encoding.replace("_", "-")
    if encoding not in {"utf-16", "utf-32"}:
        return encoding
    big = survey.head.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    return f"{encoding}-{'be' if big else 'le'}"


class Decoder:
    """Makes UTF-8 of lines, and repairs those that are not in the encoding of the others.

    Attributes:
        encoding: Of the text, without a mark.
        newline: What ends its lines.
        repaired: How many lines had bytes that are not in that encoding.
        first_repaired: The number of the first one of them.
        nuls: How many NUL bytes were left out.
        first_nul: The line of the first one of them.
        half: The line where the text ends within a character; 0: it does not.
    """

    def __init__(self, encoding: str, newline: str = "\n") -> None:
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self.newline = newline.encode()
        self.repaired = 0
        self.first_repaired = 0
        self.nuls = 0
        self.first_nul = 0
        self.half = 0

    def utf8(self, data: bytes, line: int, *, last: bool = False) -> bytes:
        """Makes UTF-8 of whole lines, without NUL bytes.

        Args:
            data: The lines, in the encoding; in UTF-8 already where that is a wide one.
            line: The number of the first one.
            last: Whether the text ends with them.
        """
        if data.isascii():
            pass  # All encodings agree on ASCII, but for wide ones, which are decoded before.
        elif self.encoding == "utf-8" or _is_wide(self.encoding):
            if not is_utf8(data):
                data = self._repaired(data if not last else self._without_half(data, line), line)
        else:
            try:
                data = data.decode(self.encoding).encode()
            except UnicodeDecodeError:
                data = self._repaired(data, line)
        return self._without_nuls(data, line)

    def _without_nuls(self, data: bytes, line: int) -> bytes:
        if b"\0" in data:
            self.first_nul = self.first_nul or line + data.count(self.newline, 0, data.index(0))
            self.nuls += data.count(0)
            data = data.replace(b"\0", b"")
        return data

    def _without_half(self, data: bytes, line: int) -> bytes:
        """Replaces the begin of a character at the end of the text."""
        for count in (1, 2, 3):
            begin, rest = data[-count:][:1], data[-count:][1:]
            if begin >= b"\xc2" and not rest.strip(_CONTINUATION) and not is_utf8(begin + rest):
                self.half = line + data.count(self.newline)
                return data[:-count] + "\ufffd".encode()
        return data

    def _repaired(self, data: bytes, first: int) -> bytes:
        lines = data.split(self.newline)
        for number, line in enumerate(lines, first):
            try:
                if self.encoding != "utf-8" or not line.isascii():
                    lines[number - first] = line.decode(self.encoding).encode()
            except UnicodeDecodeError:
                self.first_repaired = self.first_repaired or number
                self.repaired += 1
                lines[number - first] = self._otherwise(line).encode()
        return self.newline.join(lines)

    def _otherwise(self, line: bytes) -> str:
        if self.encoding != "utf-8":
            return line.decode(self.encoding, "replace")
        try:
            return line.decode(WESTERN)
        except UnicodeDecodeError:
            return line.decode("latin-1")

    def notes(self) -> list[ReadingNote]:
        """What people should know of the repairs."""
        notes = []
        if self.repaired:
            lines = "1 line is" if self.repaired == 1 else f"{self.repaired:,} lines are"
            other = f"read as {WESTERN}" if self.encoding == "utf-8" else "read with \ufffd for unknown bytes"
            text = f"{lines} not {self.encoding} as the rest of the file, and {other}"
            notes.append(ReadingNote(text, self.first_repaired))
        if self.half:
            notes.append(ReadingNote("the file ends within a character; it may be cut off", self.half))
        if self.nuls:
            notes.append(ReadingNote(f"{self.nuls:,} NUL bytes were left out; the file may be damaged", self.first_nul))
        return notes


def blocks(file: StoredFile, stream: ByteStream, decoder: Decoder, size: int) -> Iterator[Block]:
    """Reads a text in blocks of whole lines.

    Args:
        file: The file, for messages.
        stream: Its bytes.
        decoder: Makes UTF-8 of them.
        size: How many of the bytes are read; what is behind them is left out.

    Raises:
        ReadingError: The file is shorter now than `size`, or a line is too long to be one.
    """
    wide = codecs.getincrementaldecoder(decoder.encoding)("replace") if _is_wide(decoder.encoding) else None
    line, kept, left = 1, b"", size
    while left:
        data = stream.read(min(_BLOCK_BYTES, left))
        if not data:
            raise ReadingError(f"{file.name}: it became shorter while it was read: read it when nothing writes to it")
        if left == size and not wide:
            data, left = _without_bom(data, left)
        left -= len(data)
        if wide:
            data = wide.decode(data, final=not left).removeprefix("\ufeff" if line == 1 else "").encode()
        data = kept + data if kept else data
        cut = data.rfind(decoder.newline) + 1 if left else len(data)
        data, kept = data[:cut], data[cut:]
        if len(kept) > _LONGEST_LINE:
            raise ReadingError(
                f"{file.name}, line {line}: it is longer than {_LONGEST_LINE >> 20} MiB: no line of a table is"
            )
        if data:
            yield Block(decoder.utf8(data, line, last=not left), line, last=not left)
            line += count_byte(data, decoder.newline)


def count_byte(data: bytes, byte: bytes) -> int:
    """How often a byte occurs, faster than `bytes.count` where that is often."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord(byte)))


def _without_bom(data: bytes, left: int) -> tuple[bytes, int]:
    """The first bytes of a text without the mark of UTF-8, and how many are left with them."""
    rest = data.removeprefix(codecs.BOM_UTF8)
    return rest, left - (len(data) - len(rest))


def is_utf8(data: bytes) -> bool:
    """Whether bytes are whole characters in UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_wide(encoding: str) -> bool:
    """Whether bytes do not mean the same as in ASCII, so that lines can be cut only after decoding."""
    return encoding.startswith(_STATEFUL) or "\n,0".encode(encoding) != b"\n,0"
