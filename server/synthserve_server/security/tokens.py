"""Bearer tokens: a file of their digests, so that who reads the file has no token.

    # name       SHA-256 of the token, hexadecimal                                  roles
    reporting    2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
    operations   9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08   admin

Tokens must be random and long (32 bytes, for example): a plain digest protects only what cannot be guessed.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from synthserve_server.security.files import CredentialsError, Watched, read
from synthserve_server.security.principals import ROLES, Principal

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


class TokenFile:
    """The callers of a token file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        """Reads the file.

        Raises:
            CredentialsError: It cannot be read, a line is not right, or there is none. Later, a file without tokens is
                one that lets nobody in any more.
        """
        self._watched = Watched([file], lambda: parse(file))
        if not self._watched.current()[0]:
            raise CredentialsError(f"{file.name} holds no token: nobody could call")

    def find(self, token: str) -> Principal | None:
        """The caller whose token it is."""
        principals, _ = self._watched.current()
        # What is looked up is a digest: how long that takes tells nothing about a token.
        return principals.get(hashlib.sha256(token.encode()).hexdigest())


def parse(file: Path) -> Mapping[str, Principal]:
    """Reads a token file.

    Returns:
        The callers by the digest of their token.

    Raises:
        CredentialsError: It cannot be read, or a line is not right.
    """
    try:
        lines = read(file).decode().splitlines()
    except UnicodeDecodeError:
        raise CredentialsError(f"{file.name} is not UTF-8 text") from None
    principals: dict[str, Principal] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        name, digest, *roles = (*words, "")[: max(len(words), 2)]
        if not _DIGEST.fullmatch(digest):
            raise CredentialsError(
                f"{file.name}, line {number}: the name is to be followed by a SHA-256 in hexadecimal"
            )
        if unknown := set(roles) - ROLES:
            raise CredentialsError(f"{file.name}, line {number}: there is no role {', '.join(sorted(unknown))}")
        if digest.lower() in principals:
            raise CredentialsError(f"{file.name}, line {number}: the token of {name} is another one's, too")
        principals[digest.lower()] = Principal(name, frozenset(roles))
    return principals
