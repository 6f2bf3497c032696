"""Text files as editors write them."""

import codecs
import re
from pathlib import Path

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # that of UTF-32 LE begins as UTF-16's does


class TextFileError(ValueError):
    """A file is no text in UTF-8; the message goes on after the file's name, and says what to do."""


def read(path: Path) -> str:
    r"""Reads a file of text: without a byte order mark, and with lines that end in `\n` whatever ends them there.

    Raises:
        OSError: It cannot be read.
        TextFileError: It is no text in UTF-8.
    """
    return decode(path.read_bytes())


def decode(data: bytes) -> str:
    """Makes text of a file's bytes, as `read` does.

    Raises:
        TextFileError: They are no text in UTF-8.
    """
    # UTF-16 without a mark has zero bytes among the first letters, as what is read here begins with ASCII.
    if data.startswith(_WIDE) or 0 < data[:4].count(0) < 4:
        raise TextFileError("is UTF-16 or UTF-32, not UTF-8: save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextFileError(f"is not UTF-8, by its byte {error.start}: save it as UTF-8") from None
    if "\0" in text:
        raise TextFileError(f"is no text: its byte {data.index(0)} is zero")
    return re.sub("\r\n?", "\n", text)
