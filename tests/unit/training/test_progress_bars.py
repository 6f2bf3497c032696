"""Progress where there is no terminal: hardly a line, with an estimate of the time that is left."""

import pytest

from synthserve_training import progress_bars
from synthserve_training.progress_bars import a_bar_for_each


class Clock:
    """Goes on by ten seconds each time that it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 10.0
        return self.now


def test_step_that_takes_long_has_a_line_each_half_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bars, "time", Clock())
    with a_bar_for_each() as progress:
        for step in range(8):
            progress("training", step * 10, 100, {"epoch": 2.0})
    assert capsys.readouterr().err.splitlines() == [
        "training: 30 %, about 70 s left  epoch 2",
        "training: 60 %, about 40 s left  epoch 2",
    ]


def test_quick_steps_have_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with a_bar_for_each() as progress:
        for step in range(8):
            progress("reading", step, 8)
            progress("training", step, 8)
    assert capsys.readouterr().err == ""
