"""The metadata of a call."""

from collections.abc import Iterable
from typing import TypeAlias

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]
"""Keys in lower case, and values; a key can occur twice."""


def value(metadata: Metadata, key: str) -> str | None:
    """The first text value of a key; None if there is none."""
    return next((text for name, text in metadata if name == key and isinstance(text, str)), None)
