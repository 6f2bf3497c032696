"""Parses numbers, dates and times: from text, as in a CSV file, to the units of a graph."""

import datetime
import math
import re
from typing import TypeAlias

from synthserve_core.contract.model import Column, ColumnType, Condition, CsvFormat

_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)

DAY = 86_400_000_000
"""Microseconds per day."""

FIRST_DAY = (datetime.date.min - _EPOCH.date()).days
LAST_DAY = (datetime.date.max - _EPOCH.date()).days
"""The first and the last day of the years 1 to 9999, as days since 1970-01-01."""

FIRST_MICROSECOND = FIRST_DAY * DAY
LAST_MICROSECOND = (LAST_DAY + 1) * DAY - 1
"""The first and the last microsecond of the years 1 to 9999, as microseconds since 1970-01-01T00:00:00."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0{1,6})?)?$")  # as data frames write a date
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(?P<zone>Z|[+-]\d{2}:\d{2})?", re.ASCII)
_TIME = re.compile(r"(?P<H>\d{1,9}):(?P<M>[0-5]\d)(:(?P<S>[0-5]\d)(\.(?P<f>\d{1,6}))?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

_LONGEST = 100
"""The most characters of a number or date; a request can hold longer texts."""

_DIRECTIVES = {
    "%H": r"(?P<H>\d{1,9})",
    "%I": r"(?P<I>\d{1,2})",
    "%M": r"(?P<M>[0-5]\d)",
    "%S": r"(?P<S>[0-5]\d)",
    "%f": r"(?P<f>\d{1,6})",
    "%p": "(?P<p>[aApP])[mM]",
    "%%": "%",
}
"""Of times of day, whose hours can exceed 23: durations are written alike."""

_UNITS = {"f": 1, "S": 1_000_000, "M": 60_000_000, "H": 3_600_000_000, "I": 3_600_000_000}
"""Microseconds of the directives of a time of day, the finest first."""

Span: TypeAlias = tuple[float, float]
"""The lowest and the highest value that a text denotes, both included."""


class UnreadableValueError(ValueError):
    """A text is not a value of the type; the message says what is wrong."""


def span(text: str, of: Column | Condition) -> Span:
    """The values that a text denotes: one number or date; a timestamp column also accepts a whole day.

    Args:
        text: In the default form, or in the column's own.
        of: The column or condition, of type DOUBLE, INT64, DATE or TIMESTAMP, or STRING with a pattern of times.

    Returns:
        In the units of the graph: numbers, days or microseconds since 1970, microseconds since midnight.

    Raises:
        UnreadableValueError: It is not a value of the type.
    """
    if len(text) > _LONGEST:
        raise UnreadableValueError(f"must have at most {_LONGEST} characters")
    if of.type is ColumnType.DATE:
        day = _day(text, of.csv)
        return day, day
    if of.type is ColumnType.TIMESTAMP:
        return _microseconds(text, of)
    if of.type is ColumnType.STRING:
        return _time(text, of.csv.pattern)
    number = _number(text, of.csv)
    return number, number


def _number(text: str, csv: CsvFormat) -> float:
    plain = text if csv.decimal_separator == "." else text.replace(csv.decimal_separator, ".")
    if not _NUMBER.fullmatch(plain):
        raise UnreadableValueError("must be a number such as 12 or 12.5")
    # Integers stay integers: doubles cannot represent all of them beyond 2^53.
    number = int(plain) if plain.lstrip("+-").isdigit() else float(plain)
    if not math.isfinite(float(number)):
        raise UnreadableValueError("is too large for a number of 64 bits")
    return number


def _day(text: str, csv: CsvFormat) -> int:
    text = _MIDNIGHT.sub("", text)
    if _DATE.fullmatch(text):
        try:
            return (datetime.date.fromisoformat(text) - _EPOCH.date()).days
        except ValueError:
            raise UnreadableValueError("is no day of the calendar") from None
    if csv.pattern and (found := _by_pattern(text, csv.pattern)):
        return (found.date() - _EPOCH.date()).days
    raise UnreadableValueError(f"must be a date such as {_example(csv, '2024-02-29')}")


def _microseconds(text: str, of: Column | Condition) -> Span:
    if _DATE.fullmatch(text):
        start = _day(text, CsvFormat()) * DAY
        return start, start + DAY - 1
    if match := _TIMESTAMP.fullmatch(text):
        if bool(match["zone"]) and not of.utc:
            raise UnreadableValueError("must have no time zone, as the column has none")
        try:
            moment = datetime.datetime.fromisoformat(text)
        except ValueError:
            raise UnreadableValueError("is no moment of the calendar") from None
        try:
            value = (
                moment.replace(tzinfo=None) - (moment.utcoffset() or datetime.timedelta()) - _EPOCH
            ) // _MICROSECOND
        except OverflowError:
            raise UnreadableValueError("must be in the years 1 to 9999") from None
        return value, value
    if of.csv.pattern and (found := _by_pattern(text, of.csv.pattern)):
        value = (found - _EPOCH) // _MICROSECOND
        return value, value + _unit(of.csv.pattern) - 1
    example = "2024-02-29T12:30:00Z" if of.utc else "2024-02-29T12:30:00"
    raise UnreadableValueError(f"must be a date or a timestamp such as {_example(of.csv, example)}")


def _time(text: str, pattern: str) -> Span:
    """Microseconds since midnight."""
    for form in (_TIME, *_own_form(pattern)):
        if match := form.fullmatch(text):
            parts = {name: part for name, part in match.groupdict().items() if part is not None}
            hours = int(parts.get("H", 0))
            if "I" in parts:
                hours = int(parts["I"]) % 12 + 12 * (parts.get("p", "a") in "pP")
            seconds = 3600 * hours + 60 * int(parts.get("M", 0)) + int(parts.get("S", 0))
            value = 1_000_000 * seconds + int(parts.get("f", "").ljust(6, "0") or 0)
            return value, value + next(unit for name, unit in _UNITS.items() if name in parts) - 1
    raise UnreadableValueError(f"must be a time such as {_example(CsvFormat(pattern=pattern), '12:30')}")


def _own_form(pattern: str) -> tuple[re.Pattern[str], ...]:
    own = "".join(_DIRECTIVES.get(piece) or re.escape(piece) for piece in re.findall("%.|.", pattern, re.DOTALL))
    try:
        return (re.compile(own, re.ASCII),)
    except re.error:  # a directive is repeated
        return ()


def _unit(pattern: str) -> int:
    """The microseconds that a text in a pattern denotes: a day where the pattern has no time of day."""
    directives = set(re.findall("%(.)", pattern))
    return next((unit for directive, unit in _UNITS.items() if directive in directives), DAY)


def _by_pattern(text: str, pattern: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(text, pattern).replace(tzinfo=None)
    except (ValueError, re.error):  # strptime rejects a pattern with a repeated directive
        return None


def _example(csv: CsvFormat, default: str) -> str:
    if not csv.pattern:
        return default
    written = datetime.datetime(2024, 2, 29, 12, 30).strftime(csv.pattern)
    return default if written == default else f"{written} or {default}"
