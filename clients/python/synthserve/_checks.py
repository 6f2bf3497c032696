"""What cannot be sent, told before it is tried."""

from __future__ import annotations

from synthserve._exceptions import FieldViolation, InvalidRequest


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
