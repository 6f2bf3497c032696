"""What cannot be sent, told before it is tried."""

from __future__ import annotations

import math
import operator
from typing import SupportsFloat, SupportsIndex

from synthserve._exceptions import FieldViolation, InvalidRequest

LONGEST_SECONDS = 1e9
"""About 30 years. gRPC's deadlines, and Python's own waits, overflow between this and ten times as much."""


def invalid(field: str, description: str) -> InvalidRequest:
    """Returns the error for one field that has a value that is not allowed."""
    violation = FieldViolation(field, description)
    return InvalidRequest(str(violation), violations=[violation])


def text(field: str, value: object) -> str:
    """Returns `value` if it is a string that can be sent, which a lone surrogate (a stray byte of argv) cannot.

    Raises:
        InvalidRequest: It is not.
    """
    if not isinstance(value, str):
        raise invalid(field, f"must be a string, not {value!r}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(field, f"must be text that UTF-8 can hold, not {value!r}") from None
    return value


def integer(field: str, value: SupportsIndex, bits: int) -> int:
    """Returns `value` as an integer that a field of the protocol can hold.

    Args:
        field: The name of the field.
        value: What the caller gave.
        bits: The width of the field, which has a sign.

    Raises:
        InvalidRequest: It is not an integer, or too large.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise invalid(field, f"must be an integer, not {value!r}") from None
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise invalid(field, f"must be from -2^{bits - 1} to 2^{bits - 1} - 1")
    return number


def seconds(field: str, value: object) -> float | None:
    """Returns a time limit, at most `LONGEST_SECONDS`; None if there is no limit, or an infinite one.

    Args:
        field: The name of the argument.
        value: A number of seconds, or None. Zero and negative ones have run out already.

    Raises:
        InvalidRequest: It is not a number.
    """
    if value is None:
        return None
    if not isinstance(value, SupportsFloat):
        raise invalid(field, f"must be a number of seconds, not {value!r}")
    try:
        limit = float(value)
    except OverflowError:  # an integer that no float can hold
        return None if value > 0 else -LONGEST_SECONDS  # type: ignore[operator]  # only integers are that large
    except (TypeError, ValueError):
        raise invalid(field, f"must be a number of seconds, not {value!r}") from None
    if math.isnan(limit):
        raise invalid(field, "must be a number of seconds, not NaN")
    if limit == math.inf:
        return None
    return max(-LONGEST_SECONDS, min(limit, LONGEST_SECONDS))
