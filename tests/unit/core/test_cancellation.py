"""Work that is given up, by one caller or by all of those who share it."""

import threading

import pytest

from synthserve_core.compute.cancellation import Cancellation, CancellationOfAll
from synthserve_core.errors import CancelledWorkError


def test_interrupting_after_cancelling_raises() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(CancelledWorkError), cancellation.interrupting(lambda: None):
        pytest.fail("not reached")


def test_interrupts_are_called_once_and_not_after_their_block() -> None:
    cancellation, calls = Cancellation(), []
    with cancellation.interrupting(lambda: calls.append("early")):
        pass
    with cancellation.interrupting(lambda: calls.append("inside")):
        cancellation.cancel()
        cancellation.cancel()
    assert calls == ["inside"]


def test_shared_run_is_interrupted_once_the_last_is_cancelled() -> None:
    members = [Cancellation() for _ in range(3)]
    members[0].cancel()
    shared, interrupted = CancellationOfAll(members), threading.Event()
    with shared.interrupting(interrupted.set):
        members[1].cancel()
        assert not interrupted.is_set()
        members[2].cancel()
        assert interrupted.is_set()
    assert shared.cancelled
    with pytest.raises(CancelledWorkError):
        shared.check()


def test_two_messages_of_a_stream_that_share_a_run_are_interrupted_with_it() -> None:
    stream, other = Cancellation(), Cancellation()
    shared, interrupted = CancellationOfAll([stream, stream, other]), threading.Event()
    with shared.interrupting(interrupted.set):
        other.cancel()
        assert not interrupted.is_set()
        stream.cancel()
        assert interrupted.is_set()


def test_members_that_are_cancelled_later_interrupt_nothing() -> None:
    members = [Cancellation() for _ in range(2)]
    shared, calls = CancellationOfAll(members), []
    with shared.interrupting(lambda: calls.append("interrupted")):
        pass
    for member in members:
        member.cancel()
    assert calls == []
