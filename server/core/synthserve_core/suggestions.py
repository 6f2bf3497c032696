"""Suggests the known name that a misspelt one may mean."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_LONGEST = 100
"""Longer names are not compared: callers send names, and a comparison takes the square of their length."""

_MOST = 1000
"""At most so many known names are compared, for the same reason."""

_ALIKE = 0.75
"""The least similarity of two names, from 0 to 1."""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to a name; None if none is similar.

    Args:
        name: The misspelt name. Case, and hyphens instead of underscores, make no difference.
        known: The known names.
    """
    if len(name) > _LONGEST:
        return None
    plain = {_plain(one): one for one in islice(known, _MOST)}
    matches = get_close_matches(_plain(name), plain, n=1, cutoff=_ALIKE)
    return plain[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name; empty if no known name is similar."""
    found = closest(name, known)
    return f"; did you mean {found}?" if found else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").strip()
