"""gRPC metadata that the caller wants to be sent with every call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from synthserve._checks import invalid

Metadata: TypeAlias = Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]
"""gRPC metadata, keys in lower case. Values are text in ASCII; bytes where the key ends in `-bin`."""

Pairs: TypeAlias = tuple[tuple[str, str | bytes], ...]
"""Metadata in the form that gRPC takes."""

_KEY = re.compile(r"[a-z0-9_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


def metadata_pairs(metadata: Metadata) -> Pairs:
    """Puts metadata into the form that gRPC takes. gRPC would refuse all of it, without saying what is wrong.

    Raises:
        InvalidRequest: A key or a value cannot be sent. Values are not repeated, as they can be secrets.
    """
    items = metadata.items() if isinstance(metadata, Mapping) else metadata
    try:
        pairs = tuple((key, value) for key, value in items)
    except (TypeError, ValueError):
        raise invalid("metadata", "must be a mapping, or pairs of key and value") from None
    for key, value in pairs:
        _check(key, value)
    return pairs


def _check(key: object, value: object) -> None:
    if not isinstance(key, str):
        raise invalid("metadata", f"keys must be strings, not {key!r}")
    field = f"metadata[{key!r}]"
    if not _KEY.fullmatch(key):
        better = key.lower()
        hint = f"write {better!r}" if _KEY.fullmatch(better) else "use letters, digits, '-', '_' and '.'"
        raise invalid(field, f"keys must be in lower case ASCII: {hint}")
    if key.startswith("grpc-"):
        raise invalid(field, "keys that begin with 'grpc-' belong to gRPC itself")
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise invalid(field, f"must be bytes, as its key ends in '-bin', not {type(value).__name__}")
    elif not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise invalid(field, "must be one line of ASCII text; other content needs a key that ends in '-bin'")
