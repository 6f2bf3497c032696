"""What the runtime tells about the messages that it makes."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.devices import GPUS

from synthserve_server.models.catalogue import ReadyPackage
from synthserve_core.packages.reading import load_package
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_server.scheduling.jobs import Message, make_together
from synthserve_core.compute.sampler import Draw
from synthserve_core.compute.timings import Timings


@pytest.fixture(scope="module")
def package(repository: Path) -> ReadyPackage:
    return load_package("tiny-table", 1, repository / "tiny-table" / "1", CPU)


def whole(arrays: dict[str, Any]) -> bytes:
    return b"".join(array.tobytes() for array in arrays.values())


def message(package: ReadyPackage, told: list[Timings] | None, count: int, start: int = 0) -> Message:
    draw = Draw(package.model, package.session, 1, start, count)
    return Message(draw, whole, Cancellation(), None if told is None else told.append)


def check(timings: Timings, ordered: float) -> None:
    moments = [ordered, timings.started]
    for run in timings.runs:
        moments += [run.started, run.ended]
    moments += [timings.encoding, timings.ended, time.perf_counter()]
    assert timings.enqueued_at == ordered
    assert moments == sorted(moments)


@pytest.mark.parametrize(("count", "batches"), [(0, []), (3, [4]), (4096 + 5, [4096, 8])])
def test_message_tells_its_runs(package: ReadyPackage, count: int, batches: list[int]) -> None:
    told: list[Timings] = []
    one = message(package, told, count)
    assert make_together([one]) == [replace(one, observe=None).make()]
    (timings,) = told
    check(timings, one.ordered)
    assert [run.samples for run in timings.runs] == batches
    assert (timings.together, timings.first) == (1, True)


def test_messages_made_together_tell_of_one_run(package: ReadyPackage) -> None:
    told: list[Timings] = []
    messages = [message(package, told, 4, 8 * number) for number in range(3)]
    made = make_together(messages)
    assert made == [replace(one, observe=None).make() for one in messages]
    for timings, one in zip(told, messages, strict=True):
        check(timings, one.ordered)
        assert [run.samples for run in timings.runs] == [12]
        assert timings.together == 3
    assert [timings.first for timings in told] == [True, False, False]


def test_zeros_that_fill_up_a_batch_are_not_counted(repository: Path, package: ReadyPackage) -> None:
    on_gpu = load_package("tiny-table", 1, repository / "tiny-table" / "1", GPUS)
    told: list[Timings] = []
    draws = [Draw(on_gpu.model, on_gpu.session, 1, start, 4) for start in (0, 8)]
    messages = [Message(draw, whole, Cancellation(), told.append) for draw in draws]
    assert make_together(messages[:1]) == [message(package, None, 4).make()]
    assert make_together(messages) == [message(package, None, 4, start).make() for start in (0, 8)]
    assert [run.samples for timings in told for run in timings.runs] == [4, 8, 8]


def test_run_is_counted_with_the_first_message_that_comes_to_something(package: ReadyPackage) -> None:
    told: list[Timings] = []

    def fail(_: object) -> bytes:
        raise ValueError("broken")

    broken = replace(message(package, told, 4), encode=fail)
    error, made = make_together([broken, message(package, told, 4)])
    assert isinstance(error, ValueError)
    assert isinstance(made, bytes)
    assert [timings.first for timings in told] == [True]


def test_nothing_is_measured_for_nobody(package: ReadyPackage) -> None:
    told: list[Timings] = []
    make_together([message(package, None, 4), message(package, told, 4), message(package, None, 4)])
    assert len(told) == 1
    assert told[0].together == 3
