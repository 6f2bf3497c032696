"""Bearer tokens in a file of their digests, so that reading the file reveals no token.

    # name       SHA-256 of the token, hexadecimal                                  roles
    reporting    2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
    operations   9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08   admin

Tokens must be random and long (32 bytes, for example): a plain digest protects only what cannot be guessed.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from synthserve_server.security.files import CredentialsError, Watched, read_text
from synthserve_server.security.principals import ROLES, Principal

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")

_WORD = re.compile(r"[a-z-]{1,20}", re.IGNORECASE)

_ENDS_LINES = {"Cc", "Zl", "Zp"}
"""Unicode categories of characters that some editors show as a line end, or not at all. Only line feeds end lines."""


class TokenFile:
    """The callers of a token file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        """Reads the file.

        Raises:
            CredentialsError: It cannot be read, a line is malformed, or it has no token. After the start, a file may
                become empty: then every call is refused.
        """
        self._watched = Watched([file], lambda: parse(file))
        if not self._watched.current()[0]:
            raise CredentialsError(f"{file.name} holds no token: every call would be refused")

    def find(self, token: str) -> Principal | None:
        """The caller of a token; None if the token is not in the file."""
        principals, _ = self._watched.current()
        # The lookup is by digest, so its duration reveals nothing about a token.
        return principals.get(hashlib.sha256(token.encode()).hexdigest())


def parse(file: Path) -> Mapping[str, Principal]:
    """Reads a token file.

    Returns:
        The callers by the digest of their token.

    Raises:
        CredentialsError: It cannot be read, or a line is malformed.
    """
    principals: dict[str, Principal] = {}
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        place = f"{file.name}, line {number}"
        entry, _, comment = line.partition("#")
        if stranger := _stranger(entry, comment):
            raise CredentialsError(f"{place}: there is the invisible character {stranger}; write a blank or nothing")
        words = entry.split()
        if not words:
            continue
        if len(words) == 1:
            # Not quoted: it can be a token.
            raise CredentialsError(
                f"{place}: the name is to be followed by a SHA-256 in hexadecimal; a file that holds a token itself is "
                "for clients"
            )
        name, digest, *roles = words
        if not _DIGEST.fullmatch(digest):
            raise CredentialsError(f"{place}: the name is to be followed by a SHA-256 in hexadecimal")
        if unknown := set(roles) - ROLES:
            # A text that is not a plain word can be a misplaced token, and is not quoted.
            named = f"role {', '.join(sorted(unknown))}" if all(map(_WORD.fullmatch, unknown)) else "such role"
            raise CredentialsError(f"{place}: there is no {named}; there is {', '.join(sorted(ROLES))}")
        if digest.lower() in principals:
            raise CredentialsError(f"{place}: the token of {name} also belongs to another caller")
        principals[digest.lower()] = Principal(name, frozenset(roles))
    return principals


def _stranger(entry: str, comment: str) -> str | None:
    """The code and name of an invisible character in a line, if it has one."""
    for character in entry.replace("\t", " "):
        if not character.isprintable():
            return _called(character)
    for character in comment.replace("\t", " "):
        if unicodedata.category(character) in _ENDS_LINES:
            return _called(character)
    return None


def _called(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
