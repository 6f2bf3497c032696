"""Writes names with the letters a to z and digits, for e-mail addresses."""

import re
import unicodedata
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)


def folded(text: str, replacements: Mapping[str, str]) -> str:
    """A text in lower case, with letters for letters with accents, and without all other characters.

    Args:
        text: The text.
        replacements: How a language writes some of its letters; they come before the general ones.
    """
    for letter, written in replacements.items():
        text = text.replace(letter, written)
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]", "", plain)


def folded_bytes() -> NDArray[np.uint8]:
    """The same for texts that are only known in the graph, byte by byte, uint8 [256]: accented letters are left out."""
    return np.array([ord(folded(chr(code), {}) or "\0") if code < 128 else 0 for code in range(256)], np.uint8)
