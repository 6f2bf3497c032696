"""Conditions: from what a caller writes for `where` to what is sent, and back."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Integral, Rational, Real
from typing import TYPE_CHECKING, Any, Final

from synthserve._checks import invalid, text
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = "text, a number, a boolean, a date or a datetime"


class Presence(enum.Enum):
    """The type of `present`."""

    PRESENT = "present"

    def __repr__(self) -> str:
        return "synthserve.present"


present: Final = Presence.PRESENT
"""The condition that a column is not missing: `where={"age": synthserve.present}`."""


@dataclass(frozen=True, slots=True)
class Between:
    """What `between` returns."""

    low: object
    high: object


def between(low: object, high: object) -> Between:
    """Makes the condition that a column lies in a range that includes both ends.

    Args:
        low: The smallest value: a number, a date or a datetime, or one of them as text. None: there is no smallest one.
        high: The largest value. None: there is no largest one.

    Raises:
        InvalidRequest: Both are None.

    Example:
        >>> import synthserve
        >>> synthserve.between(30, 40)
        Between(low=30, high=40)
    """
    if low is None and high is None:
        raise invalid("between", "one of the two ends must be given; synthserve.present takes every value")
    return Between(low, high)


def messages(where: Mapping[str, object] | None) -> list[pb.Condition]:
    """Builds the conditions of a request.

    Args:
        where: Column to value, values (None among them: or missing), `between(...)`, None (missing) or `present`.

    Raises:
        InvalidRequest: A column or a value cannot be sent.
    """
    if where is not None and not isinstance(where, Mapping):
        raise invalid("conditions", f"must be a mapping, column to value, not {where!r}")
    return [_message(text("conditions", column), test) for column, test in (where or {}).items()]


def as_where(conditions: Iterable[pb.Condition]) -> dict[str, object]:
    """Returns what a caller writes for `where` to get these conditions, with all values as text."""
    return {condition.column: _test(condition) for condition in conditions}


def _message(column: str, test: object) -> pb.Condition:
    field = f"conditions[{column!r}]"
    if test is None or test is present:
        return pb.Condition(column=column, missing=test is None)
    if isinstance(test, Between):
        low, high = (None if end is None else _written(field, end) for end in (test.low, test.high))
        return pb.Condition(column=column, between=pb.ValueRange(low=low, high=high))
    if isinstance(test, Iterable) and not isinstance(test, (str, bytes, bytearray, Mapping)):
        return _any_of(column, field, test)
    return pb.Condition(column=column, equals=_written(field, test))


def _any_of(column: str, field: str, given: Iterable[object]) -> pb.Condition:
    items = list(given)
    values = [_written(field, item) for item in items if item is not None]
    missing = len(values) < len(items)
    if isinstance(given, (set, frozenset)):
        values.sort()  # The order of a set differs from process to process.
    if not items:
        raise invalid(field, "an empty list allows no value; leave the condition out instead")
    if not values:
        return pb.Condition(column=column, missing=True)
    if len(values) == 1 and not missing:
        return pb.Condition(column=column, equals=values[0])
    return pb.Condition(column=column, any_of=pb.ValueSet(values=values, missing=missing))


def _test(condition: pb.Condition) -> object:
    match condition.WhichOneof("test"):
        case "equals":
            return condition.equals
        case "any_of":
            values: Sequence[str | None] = condition.any_of.values
            return [*values, None] if condition.any_of.missing else [*values]
        case "between":
            ends = condition.between
            return Between(ends.low if ends.HasField("low") else None, ends.high if ends.HasField("high") else None)
        case _:
            return None if condition.missing else present


def _written(field: str, value: object) -> str:
    """Writes a value as in CSV.

    Raises:
        InvalidRequest: It is of another type, or no condition can have it.
    """
    # NumPy's types are recognized without NumPy: its numbers by their abstract base class, the others by their names.
    kind = type(value).__name__
    if isinstance(value, str):
        return text(field, str.__str__(value))
    if kind in ("bool", "bool_"):
        return "true" if value else "false"
    if kind == "datetime64":
        return _written(field, _from_numpy(field, value))
    if isinstance(value, datetime):
        return _timestamp(field, value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Integral):
        return _integer(field, int(value))
    if isinstance(value, Decimal) or (isinstance(value, Real) and not isinstance(value, Rational)):
        return _number(field, value)
    raise invalid(field, f"must be {_KINDS}, not of the type {kind}")


def _integer(field: str, value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no more than some thousands of digits
        raise invalid(field, "has too many digits") from None


def _number(field: str, value: Any) -> str:  # noqa: ANN401 - the numeric tower knows no common type
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise invalid(field, f"must be a finite number, not {value}: write None for missing; leave out an open end")
    return repr(float(value)) if isinstance(value, float) else str(value)


def _timestamp(field: str, value: datetime) -> str:
    if value != value:  # pandas.NaT
        raise invalid(field, "must be a date or a datetime, not NaT: write None for missing")
    if getattr(value, "nanosecond", 0):
        raise invalid(field, f"must be in whole microseconds, not {value}")
    try:
        instant = None if value.utcoffset() is None else value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise invalid(field, f"{value} is not within the years 1 to 9999 in UTC") from None
    local = (instant or value).replace(tzinfo=None)
    # Of `datetime`: a subclass may write more.
    return datetime.isoformat(local) + ("" if instant is None else "Z")


def _from_numpy(field: str, value: Any) -> date | datetime:  # noqa: ANN401 - NumPy may not be there
    """Turns a `numpy.datetime64` into what Python has for it."""
    found = value.item()
    if isinstance(found, int):  # it is finer than Python's, or out of its years
        micros = value.astype("datetime64[us]")
        if micros != value:
            raise invalid(field, f"must be in whole microseconds, not {value}")
        found = micros.item()
    if not isinstance(found, date):
        raise invalid(field, f"must be within the years 1 to 9999, not {value}: write None for missing")
    return found
