"""Quotes untrusted values for messages, and shortens long ones."""

from collections.abc import Callable, Iterable

LONGEST_QUOTE = 80
"""Bytes in UTF-8. A status is sent in HTTP/2 headers, of which peers accept 8 KiB."""

_MOST_LISTED = 20


def quoted(value: str) -> str:
    """One value, in quotes."""
    return repr(shortened(value, LONGEST_QUOTE))


def listed(values: Iterable[str], written: Callable[[str], str] = str) -> str:
    """Several values: the first ones when there are many.

    Args:
        values: The values.
        written: Writes one value, for example in quotes.
    """
    every = list(values)
    shown = ", ".join(written(shortened(value, LONGEST_QUOTE)) for value in every[:_MOST_LISTED])
    more = len(every) - _MOST_LISTED
    return (f"{shown} and {more} more" if more > 0 else shown) or "none"


def shortened(text: str, most: int) -> str:
    """The text, cut to at most `most` bytes."""
    data = text.encode(errors="replace")
    return text if len(data) <= most else data[: max(most - 3, 0)].decode(errors="ignore") + "…"
