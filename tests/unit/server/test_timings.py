"""What jobs tell about the messages that they make."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures.devices import GPUS

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw
from synthserve_core.compute.timings import Timings
from synthserve_core.contract.model import Arrays
from synthserve_core.packages.reading import LoadedPackage, load_package
from synthserve_server.scheduling.jobs import Made, SampleJob, perform


@pytest.fixture(scope="module")
def package(repository: Path) -> LoadedPackage:
    return load_package(repository / "tiny-table" / "1", CPU)


def whole(arrays: Arrays, _first_index: int) -> bytes:
    return b"".join(array.tobytes() for array in arrays.values())


def message(package: LoadedPackage, told: list[Timings] | None, count: int, start: int = 0) -> SampleJob:
    draw = Draw(package.model, package.session, 1, start, count)
    return SampleJob(draw, whole, Cancellation(), None if told is None else told.append)


def check(timings: Timings, enqueued_at: float) -> None:
    moments = [enqueued_at, timings.started]
    for run in timings.runs:
        moments += [run.started, run.ended]
    moments += [timings.encoding, timings.ended, time.perf_counter()]
    assert timings.enqueued_at == enqueued_at
    assert moments == sorted(moments)


@pytest.mark.parametrize(("count", "batches"), [(0, []), (3, [4]), (4096 + 5, [4096, 8])])
def test_message_tells_its_runs(package: LoadedPackage, count: int, batches: list[int]) -> None:
    told: list[Timings] = []
    one = message(package, told, count)
    assert perform([one]) == [replace(one, observe=None).make()]
    (timings,) = told
    check(timings, one.enqueued_at)
    assert [run.samples for run in timings.runs] == batches
    assert (timings.together, timings.first) == (1, True)


def test_messages_made_together_tell_of_one_run(package: LoadedPackage) -> None:
    told: list[Timings] = []
    messages = [message(package, told, 4, 8 * number) for number in range(3)]
    made = perform(messages)
    assert made == [replace(one, observe=None).make() for one in messages]
    for timings, one in zip(told, messages, strict=True):
        check(timings, one.enqueued_at)
        assert [run.samples for run in timings.runs] == [12]
        assert timings.together == 3
    assert [timings.first for timings in told] == [True, False, False]


def test_zeros_that_fill_up_a_batch_are_not_counted(repository: Path, package: LoadedPackage) -> None:
    on_gpu = load_package(repository / "tiny-table" / "1", GPUS)
    told: list[Timings] = []
    draws = [Draw(on_gpu.model, on_gpu.session, 1, start, 4) for start in (0, 8)]
    messages = [SampleJob(draw, whole, Cancellation(), told.append) for draw in draws]
    assert perform(messages[:1]) == [message(package, None, 4).make()]
    assert perform(messages) == [message(package, None, 4, start).make() for start in (0, 8)]
    assert [run.samples for timings in told for run in timings.runs] == [4, 8, 8]


def test_run_is_counted_with_the_first_message_that_comes_to_something(package: LoadedPackage) -> None:
    told: list[Timings] = []

    def fail(_arrays: Arrays, _first_index: int) -> bytes:
        raise ValueError("broken")

    broken = replace(message(package, told, 4), encode=fail)
    error, made = perform([broken, message(package, told, 4)])
    assert isinstance(error, ValueError)
    assert isinstance(made, Made)
    assert [timings.first for timings in told] == [True]


def test_nothing_is_measured_for_nobody(package: LoadedPackage) -> None:
    told: list[Timings] = []
    perform([message(package, None, 4), message(package, told, 4), message(package, None, 4)])
    assert len(told) == 1
    assert told[0].together == 3
