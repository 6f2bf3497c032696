"""Reads text files as editors write them, and normalises encoding and line ends."""

import codecs
import re
from pathlib import Path

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # UTF-32 LE begins as UTF-16 LE does
_LINE_ENDS = re.compile("\r\n?")
_MARKS = re.compile("^\ufeff+", re.MULTILINE)


class TextFileError(ValueError):
    """Bytes are not text. The message is worded to follow the name of the file, and quotes none of its content."""


def read(path: Path) -> str:
    """Reads a text file; see `decode`.

    Raises:
        OSError: It cannot be read.
        TextFileError: See `decode`.
    """
    return decode(path.read_bytes())


def decode(data: bytes, *, only_ascii_counts: bool = False) -> str:
    r"""Decodes the bytes of a text file.

    Byte order marks are dropped: editors write one at the start, and concatenated files have more, each at the start of
    a line. The line ends `\r\n` and `\r` become `\n`.

    Args:
        data: The whole file.
        only_ascii_counts: Whether other characters occur only in comments, so that their encoding does not matter.

    Raises:
        TextFileError: It is UTF-16 or UTF-32, is not UTF-8, or holds a NUL byte.
    """
    first = data[:4]
    # These files begin with ASCII characters. UTF-16 encodes one with one NUL byte, UTF-32 with three.
    if data.startswith(_WIDE_MARKS) or 0 < first.count(0) < len(first):
        raise TextFileError("is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8")
    try:
        text = data.decode(errors="replace" if only_ascii_counts else "strict")
    except UnicodeDecodeError as error:
        raise TextFileError(f"is not UTF-8 text in line {_line(data[: error.start])}: save it as UTF-8") from None
    text = _MARKS.sub("", _LINE_ENDS.sub("\n", text))
    if "\0" in text:
        raise TextFileError(f"holds a NUL byte in line {_line(data[: data.index(0)])}: write it anew")
    return text


def _line(before: bytes) -> int:
    return len(re.findall(b"\r\n?|\n", before)) + 1
