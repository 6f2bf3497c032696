"""Messages that share a run of their graph."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures.devices import GPUS

from synthserve_server.models.catalogue import ReadyPackage
from synthserve_core.packages.reading import load_package
from synthserve_core.compute.cancellation import Cancellation, CancellationOfAll
from synthserve_core.compute.devices import CPU
from synthserve_core.errors import CancelledWorkError, GraphError
from synthserve_server.scheduling.jobs import Message, companions, make_together
from synthserve_core.contract.model import Arrays
from synthserve_core.compute.sampler import Draw


@pytest.mark.parametrize("count", [1, 3, 5])
def test_digits_do_not_depend_on_who_shares_the_run(count: int) -> None:
    folder = max((Path(__file__).parents[3] / "exported/mnist-dcgan").glob("*/"))
    digits = load_package("mnist-dcgan", int(folder.name), folder, CPU)
    messages = [message(digits, digits.session, seed, 5 * seed, count) for seed in range(4)]
    assert make_together(messages) == [one.make() for one in messages]


@pytest.fixture(scope="module")
def package(repository: Path) -> ReadyPackage:
    return load_package("tiny-table", 1, repository / "tiny-table" / "1", CPU)


class Counting:
    """A graph that counts its runs."""

    def __init__(self, package: ReadyPackage) -> None:
        self.sizes: list[int] = []
        self.broken = False
        self._package = package

    def run(self, feeds: Arrays, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        self.sizes.append(len(feeds["latent"]))
        arrays = self._package.session.run(feeds, cancellation)
        if self.broken:  # for what was asked for last
            arrays["species"] = np.concatenate([arrays["species"][:-4], np.full(4, 99, np.int32)])
        return arrays


def whole(arrays: dict[str, NDArray[Any]]) -> bytes:
    return b"".join(array.tobytes() for array in arrays.values())


def message(package: ReadyPackage, graph: Any, seed: int, start: int, count: int, **conditions: int) -> Message:
    return Message(Draw(package.model, graph, seed, start, count, conditions), whole, Cancellation())


def fitting(first: Message) -> Callable[[Message], bool]:
    fits = companions(first)
    assert fits is not None
    return fits


@given(
    asked=st.lists(
        st.tuples(
            st.integers(0, 2**63 - 1),
            st.one_of(st.integers(0, 100), st.integers(10**12, 10**12 + 100)),
            st.integers(1, 60),
            st.sampled_from([{}, {"species": 0}, {"species": 2}]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_bytes_do_not_depend_on_who_shares_the_run(
    package: ReadyPackage, asked: list[tuple[int, int, int, dict[str, int]]]
) -> None:
    graph = Counting(package)
    messages = [message(package, graph, *rest, **conditions) for *rest, conditions in asked]
    fits = fitting(messages[0])
    assert all(fits(one) for one in messages[1:])  # the tiny table's batch is large enough for all of them
    together = make_together(messages)
    assert len(graph.sizes) == 1
    assert together == [one.make() for one in messages]


def test_only_what_fits_into_one_batch_of_the_same_graph_is_joined(package: ReadyPackage) -> None:
    graph, other = Counting(package), Counting(package)
    batch = package.model.batch_size
    first = message(package, graph, 1, 0, batch - 8)
    fits = fitting(first)
    assert not fits(message(package, other, 1, 0, 1))
    given_up = message(package, graph, 1, 0, 1)
    given_up.cancellation.cancel()
    assert not fits(given_up)
    assert not fits(message(package, graph, 1, 0, 0))
    assert not fits(message(package, graph, 1, 0, 9))
    assert fits(message(package, graph, 2, 2, 1))  # a packet of four
    assert not fits(message(package, graph, 3, 3, 2))  # two packets
    assert fits(message(package, graph, 4, 0, 4))
    assert not fits(message(package, graph, 5, 0, 1))
    for alone in (message(package, graph, 1, 0, 0), message(package, graph, 1, 0, batch + 1)):
        assert companions(alone) is None


def test_batches_that_a_gpu_fills_up_are_shared_as_any(repository: Path, package: ReadyPackage) -> None:
    on_gpu = load_package("tiny-table", 1, repository / "tiny-table" / "1", GPUS)
    graph = Counting(on_gpu)
    messages = [message(on_gpu, graph, seed, 5, 9) for seed in range(3)]
    fits = fitting(messages[0])
    assert all(fits(one) for one in messages[1:])
    assert make_together(messages) == [message(package, package.session, seed, 5, 9).make() for seed in range(3)]
    assert len(graph.sizes) == 1


def test_one_that_was_cancelled_does_not_take_the_others_with_it(package: ReadyPackage) -> None:
    graph = Counting(package)
    messages = [message(package, graph, seed, 0, 8) for seed in range(3)]
    messages[1].cancellation.cancel()
    results = make_together(messages)
    assert isinstance(results[1], CancelledWorkError)
    assert [results[0], results[2]] == [messages[0].make(), messages[2].make()]


def test_when_all_are_cancelled_nothing_runs(package: ReadyPackage) -> None:
    graph = Counting(package)
    messages = [message(package, graph, seed, 0, 8) for seed in range(3)]
    for one in messages:
        one.cancellation.cancel()
    assert all(isinstance(result, CancelledWorkError) for result in make_together(messages))
    assert not graph.sizes


def test_an_error_of_one_is_its_own(package: ReadyPackage) -> None:
    graph = Counting(package)
    graph.broken = True
    good, bad = make_together([message(package, graph, seed, 0, 4) for seed in (1, 2)])
    assert isinstance(bad, GraphError)
    graph.broken = False
    assert good == message(package, graph, 1, 0, 4).make()

    def fail(_arrays: dict[str, NDArray[Any]]) -> bytes:
        raise ValueError("broken")

    failing = Message(Draw(package.model, graph, 1, 0, 4), fail, Cancellation())
    result, other = make_together([failing, message(package, graph, 2, 0, 4)])
    assert isinstance(result, ValueError)
    assert isinstance(other, bytes)


def test_an_error_of_the_run_is_everybodys(package: ReadyPackage) -> None:
    class Broken(Counting):
        def run(self, feeds: Arrays, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
            raise GraphError("broken")

    graph = Broken(package)
    results = make_together([message(package, graph, seed, 0, 4) for seed in (1, 2)])
    assert [str(result) for result in results] == ["broken", "broken"]


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


def test_arrays_of_a_shared_run_are_those_asked_for(package: ReadyPackage) -> None:
    graph = Counting(package)
    seen: list[dict[str, NDArray[Any]]] = []

    def keep(arrays: dict[str, NDArray[Any]]) -> bytes:
        seen.append(arrays)
        return b""

    draws = [Draw(package.model, graph, seed, start, 5) for seed, start in ((1, 3), (2, 10))]
    make_together([Message(draw, keep, Cancellation()) for draw in draws])
    assert [{len(array) for array in arrays.values()} for arrays in seen] == [{5}, {5}]
    assert whole(seen[0]) != whole(seen[1])
