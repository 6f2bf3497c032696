"""Text as editors write it: with a byte order mark, or as UTF-16."""

from __future__ import annotations

import codecs

_MARKS = (
    # UTF-32 first: its byte order mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> str:
    """Decodes text in the encoding of its byte order mark, which is removed; without a mark, as UTF-8.

    Raises:
        ValueError: It is text in another encoding, or no text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        found = data.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None
    if "\0" in found:
        # UTF-16 without a mark decodes as UTF-8 if it is ASCII.
        raise ValueError("is not text in UTF-8: it holds zero bytes")
    return found
