"""How a call has ended, where the server has sent no status."""

from typing import Any

import pytest

from synthserve_server.telemetry.outcome import status


class BrokenOff:
    """A call that the client has ended."""

    def __init__(self, left: float | None) -> None:
        self._left = left

    def code(self) -> None:
        return None

    def done(self) -> bool:
        return False

    def time_remaining(self) -> float | None:
        return self._left


@pytest.mark.parametrize(
    ("timeout", "left", "expected"),
    [
        (0.3, 0.0, "DEADLINE_EXCEEDED"),
        (0.3, 0.03, "DEADLINE_EXCEEDED"),  # the call came late
        (0.3, 0.1, "CANCELLED"),
        (60, 2.0, "DEADLINE_EXCEEDED"),
        (60, 4.0, "CANCELLED"),
        (60, 59.9, "CANCELLED"),
        (60, None, "CANCELLED"),
    ],
)
def test_what_breaks_off_near_its_deadline_has_run_out_of_time(
    timeout: float, left: float | None, expected: str
) -> None:
    context: Any = BrokenOff(left)
    assert status(context, timeout - (left or 0)) == expected
