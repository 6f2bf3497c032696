"""Finds what somebody meant who has misspelt a name."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_LONGEST = 100
"""A name that is longer is not compared: strangers send names, and comparing takes the square of their length."""

_MOST = 1000
"""So many known names are compared, for the same reason."""

_ALIKE = 0.75
"""How much of two names must be the same."""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a name; None: none is.

    Args:
        name: What somebody wrote. Case, and hyphens for underscores, make no difference.
        known: The names that there are.
    """
    if len(name) > _LONGEST:
        return None
    plain = {_plain(one): one for one in islice(known, _MOST)}
    matches = get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    return plain[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: empty where nothing is like it."""
    found = closest(name, known)
    return f"; did you mean {found}?" if found else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").strip()
