"""The file of a bearer token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from synthserve._checks import invalid
from synthserve._text_files import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DIGEST_LINE = re.compile(r"^\s*[^\s#]+\s+[0-9a-fA-F]{64}(\s|$)", re.MULTILINE)


def token_from(file: Path) -> Callable[[], str]:
    """Returns a function that gives the token for each attempt of a call. It reads a file each time, a pipe once.

    Raises:
        InvalidRequest: What a pipe gives is no token.
        OSError: The pipe cannot be read.
    """
    if file.is_file():
        return lambda: _read(file)
    token = _read(file)
    return lambda: token


def _read(file: Path) -> str:
    try:
        text = decode(file.read_bytes())
    except ValueError as error:
        raise invalid("token", f"{file} {error}") from None
    if _DIGEST_LINE.search(text):
        raise invalid(
            "token",
            f"{file} is a server's list of digests, not a token; name the file of the token "
            "(--token-file, SYNTHSERVE_CLIENT_TOKEN_FILE)",
        )
    return text
