"""Signals that end a command as an error does."""

import os
import signal
from collections.abc import Iterator

import pytest

from synthserve_core.system.signals import ending


@pytest.fixture(params=[signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal, with its default action."""
    given: signal.Signals = request.param
    before = signal.signal(given, signal.SIG_DFL)
    yield given
    signal.signal(given, before)


def test_signal_ends_the_command_with_its_status_and_clean_up_runs(number: signal.Signals) -> None:
    cleaned = []

    def command() -> None:
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        finally:
            cleaned.append(True)

    with ending(), pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 128 + number
    assert cleaned
    assert signal.getsignal(number) is signal.SIG_DFL


def test_signal_that_is_ignored_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with ending():
        os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
