"""Looks through the whole of a text file once: how long it is, how it begins and ends, and where it is not ASCII."""

import re
from dataclasses import dataclass

from synthserve_training.data.reading.files.compression import StoredFile

_BLOCK_BYTES = 1 << 22
_HEAD_BYTES = 1 << 22
_TAIL_BYTES = 1 << 18
_MOST_BLANK_BYTES = 1 << 26
_BLANK = b"\0\r\n\x1a ,;\t|"
"""What lines without any value are made of: a spreadsheet writes a million of them where their cells have formats."""

_MARKED_BYTES = 1 << 18
_MARKED_BYTES_OF_A_BLOCK = 1 << 15
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Survey:
    """What a text file is made of.

    Attributes:
        head: How it begins, at most 4 MiB.
        tail: How it ends: its lines without any value, up to 64 MiB, and 256 KiB before them.
        size: Its decompressed bytes.
        marked: Some of the lines that have bytes beyond ASCII, from all parts of the file.
    """

    head: bytes
    tail: bytes
    size: int
    marked: tuple[bytes, ...]


def survey(file: StoredFile) -> Survey:
    """Looks through a file.

    Raises:
        ReadingError: The file cannot be read, or its compressed bytes are broken.
    """
    head, tail, size = b"", b"", 0
    marked: list[bytes] = []
    missing = _MARKED_BYTES
    with file.open() as stream:
        while block := stream.read(_BLOCK_BYTES):
            size += len(block)
            if len(head) < _HEAD_BYTES:
                head += block[: _HEAD_BYTES - len(head)]
            tail = _last(tail, block)
            if missing > 0 and not block.isascii():
                found = _marked(block, at_start=size == len(block))
                marked += found
                missing -= sum(map(len, found))
    return Survey(head, tail, size, tuple(marked))


def _last(tail: bytes, block: bytes) -> bytes:
    """The tail of a text that goes on with a block."""
    if len(filled := block.rstrip(_BLANK)) >= _TAIL_BYTES:
        return block[len(filled) - _TAIL_BYTES :]
    joined = tail + block
    blank = len(block) - len(filled) if filled else len(joined) - len(joined.rstrip(_BLANK))
    return joined[-(_TAIL_BYTES + min(blank, _MOST_BLANK_BYTES)) :]


def _marked(block: bytes, *, at_start: bool) -> list[bytes]:
    """Lines of a block with bytes beyond ASCII, without those that the block may cut."""
    lines, missing, position = [], _MARKED_BYTES_OF_A_BLOCK, 0
    while missing > 0 and (match := _BEYOND_ASCII.search(block, position)):
        start = max(block.rfind(end, position, match.start()) for end in (b"\n", b"\r")) + 1 or position
        ends = [end for end in (block.find(b"\n", match.end()), block.find(b"\r", match.end())) if end >= 0]
        position = min(ends, default=len(block))
        if (start or at_start) and (ends or len(block) < _BLOCK_BYTES):
            lines.append(block[start:position])
            missing -= position - start
    return lines
