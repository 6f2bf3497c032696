"""Progress where there is no terminal: hardly a line, with an estimate of the time that is left."""

import os
import pty
import sys

import pytest

from synthserve_core.system.standard_streams import Output
from synthserve_training import console, progress_bars
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


def test_nothing_is_left_of_a_step_that_is_at_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_bars, "time", Clock())
    with a_bar_for_each() as progress:
        for step in range(4):
            progress("training", min(50 * step, 100), 100)
    assert capsys.readouterr().err == "training: 100 %\n"


def test_quick_steps_have_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with a_bar_for_each() as progress:
        for step in range(8):
            progress("reading", step, 8)
            progress("training", step, 8)
    assert capsys.readouterr().err == ""


def test_note_has_a_line_of_its_own_above_the_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, terminal = pty.openpty()
    monkeypatch.setattr(sys, "stderr", Output(terminal, sys.__stderr__))
    with a_bar_for_each() as progress:
        progress("reading", 1, 2)
        console.note("the first")
        progress("reading", 2, 2)
    sys.stderr.flush()
    os.close(terminal)
    lines = all_of(reader).decode().split("\n")
    os.close(reader)
    written = next(line for line in lines if "the first" in line)
    # Whatever was drawn in the line is erased first.
    assert written.rpartition("\x1b[2K")[2].rstrip("\r") == "note: the first"


def all_of(reader: int) -> bytes:
    """What was written to a terminal whose other end is closed."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(reader, 65536)
        except OSError:  # the end, on Linux
            return b"".join(parts)
        if not part:
            return b"".join(parts)
        parts.append(part)
