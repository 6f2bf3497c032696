"""Looks through the whole of a text file once: how long it is, how it begins and ends, and where it is not ASCII."""

import re
from dataclasses import dataclass

from synthserve_training.data.reading.files.compression import StoredFile

_BLOCK_BYTES = 1 << 22
_HEAD_BYTES = 1 << 22
_TAIL_BYTES = 1 << 18
_MARKED_BYTES = 1 << 18
_MARKED_BYTES_OF_A_BLOCK = 1 << 15
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True)
class Survey:
    """What a text file is made of.

    Attributes:
        head: How it begins, at most 4 MiB.
        tail: How it ends, at most 256 KiB.
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
            tail = (tail + block)[-_TAIL_BYTES:] if len(block) < _TAIL_BYTES else block[-_TAIL_BYTES:]
            if missing > 0 and not block.isascii():
                found = _marked(block, at_start=size == len(block))
                marked += found
                missing -= sum(map(len, found))
    return Survey(head, tail, size, tuple(marked))


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
