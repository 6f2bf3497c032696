"""The headers of a call: metadata that the caller gives, and bearer tokens, which may not be sent everywhere."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from synthserve._checks import invalid
from synthserve._transport.targets import is_local

Metadata: TypeAlias = Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]
"""gRPC metadata, keys in lower case. Values are text in ASCII; bytes where the key ends in `-bin`."""

Pairs: TypeAlias = tuple[tuple[str, str | bytes], ...]
"""Metadata in the form that gRPC takes."""

Token: TypeAlias = str | Callable[[], str]
"""A bearer token, or what gives one for each attempt of a call."""

AsyncToken: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""The same for asyncio; what gives one can be awaited."""

HEADER = "authorization"
"""The metadata key of a token."""

_KEY = re.compile(r"[a-z0-9_.-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_TOKEN = re.compile(r"[\x20-\x7e]+")
_BYTE_ORDER_MARK = "\ufeff"


def metadata_pairs(metadata: Metadata) -> Pairs:
    """Converts metadata to gRPC's form. gRPC itself would refuse all of it for one bad entry, without naming that.

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


def check_use(target: str, *, secured: bool, allowed: bool, token: object, in_metadata: bool) -> None:
    """Refuses a token that others could read in transit, and a second token.

    Args:
        target: The server's address.
        secured: Whether the connection is.
        allowed: Whether the token may be read by others.
        token: The token, or a function that returns one; None: no token.
        in_metadata: Whether the metadata of the client have one.

    Raises:
        InvalidRequest: It must not be sent, or is none.
    """
    if token is None and not in_metadata:
        return
    if token is not None and in_metadata:
        raise invalid("token", f"the metadata have `{HEADER}` already")
    if token is not None and not callable(token):
        authorization(token)
    if not (secured or allowed or is_local(target)):
        raise invalid(
            "token" if token is not None else f"metadata[{HEADER!r}]",
            f"would be sent to {target} in plain text; connect over TLS (credentials=synthserve.tls_credentials(...)), "
            "or say insecure_token=True where something else secures the connection",
        )


def authorization(token: object) -> tuple[str, str]:
    """Returns the header for a token, without the white space and the byte order mark that files may add.

    Raises:
        InvalidRequest: It is not text that a header can hold. The message does not repeat it, as gRPC's own would.
    """
    stripped = token.removeprefix(_BYTE_ORDER_MARK).strip() if isinstance(token, str) else ""
    if not _TOKEN.fullmatch(stripped):
        raise invalid("token", "must be a line of ASCII text")
    return HEADER, f"Bearer {stripped}"
