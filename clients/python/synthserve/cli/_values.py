"""Short descriptions of the values that conditions accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthserve import Condition

_MOST = 10
"""So many values are listed; of more, the first ones."""


def taken_by(condition: Condition) -> str:
    """Describes the values that a condition accepts."""
    match condition.kind:
        case "range":
            unit = f" {condition.unit}" if condition.unit else ""
            taken = f"{condition.low or 'LOW'}..{condition.high or 'HIGH'}{unit}"
        case "set":
            taken = f"any of {_listed(condition)}"
        case "code":
            taken = _listed(condition)
        case "unknown":
            taken = "what a newer client knows"
    return f"{taken}, or missing" if condition.nullable else taken


def _listed(condition: Condition) -> str:
    values, count = condition.values, condition.category_count
    if len(values) == count <= _MOST:
        return "|".join(values)
    return "|".join((*values[: _MOST - 1], f"… ({count:,} values)"))
