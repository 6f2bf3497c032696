"""What a cell looks like: enough to tell a separator from other characters, and a header from data."""

import enum
import re
from functools import lru_cache

MISSING = frozenset(
    {"", "-", "--", ".", "..", ":", "?", "*", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "#n/a", "\\n"}
)
"""Texts that often mean a missing value, in lower case."""


class Kind(enum.Enum):
    """What a cell looks like."""

    MISSING = "missing"
    NUMBER = "number"
    MOMENT = "date or time"
    WORD = "word"
    TEXT = "text"


_CURRENCY = r"(?:[$€£¥₽₹]|[A-Z]{3}(?= ?\d)|USD|EUR|CHF|GBP|kr)"
_DIGITS = r"(?:\d{1,3}(?:[ ,.'’\u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(
    rf"[+\-−]? *{_CURRENCY}? ?[+\-−]? *{_DIGITS} ?(?:%|‰|°|{_CURRENCY})?-?"
    rf"|\({_CURRENCY}? ?{_DIGITS}\)|[+-]?(?:inf|infinity)",
    re.IGNORECASE,
)
_TIME = r"\d{1,3}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?"
_DATE = (
    r"(?:\d{1,4}([-/.])\d{1,2}\1\d{1,4}"
    r"|\d{1,2}[- /.]?[A-Za-zäûé]{3,9}\.?[- /,]*\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})"
)
_MOMENT = re.compile(rf"{_DATE}(?:[ T]{_TIME})?(?: ?(?:Z|UTC|[+-]\d{{2}}:?\d{{2}}))?|{_TIME}")
_WORD = re.compile(r"[\w.+\-/@#&*'!?$%()=~^<>\[\]{}\\:]+")


@lru_cache(1 << 14)
def kind(cell: str) -> Kind:
    """What a cell looks like. Spaces around it do not count."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return Kind.MISSING
    if cell[0] in "0123456789+-−.,($€£¥₽₹iIUEGCk" and _NUMBER.fullmatch(cell):
        return Kind.NUMBER
    if _MOMENT.fullmatch(cell):
        return Kind.MOMENT
    return Kind.WORD if _WORD.fullmatch(cell) else Kind.TEXT
