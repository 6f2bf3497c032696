"""Jobs that share a run of their graph."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures.devices import GPUS

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw
from synthserve_core.contract.model import Arrays, Tensors
from synthserve_core.errors import CancelledWorkError, GraphError
from synthserve_core.packages.reading import LoadedPackage, load_package
from synthserve_server.scheduling.jobs import Job, Made, SampleJob, batch_of, perform


@pytest.mark.parametrize("count", [1, 3, 5])
def test_digits_do_not_depend_on_who_shares_the_run(count: int) -> None:
    folder = max((Path(__file__).parents[3] / "exported/mnist-dcgan").glob("*/"))
    digits = load_package(folder, CPU)
    jobs = [job(digits, digits.session, seed, 5 * seed, count) for seed in range(4)]
    assert perform(jobs) == [one.make() for one in jobs]


@pytest.fixture(scope="module")
def package(repository: Path) -> LoadedPackage:
    return load_package(repository / "tiny-table" / "1", CPU)


class Counting:
    """A graph that counts its runs."""

    def __init__(self, package: LoadedPackage) -> None:
        self.sizes: list[int] = []
        self.broken = False
        self._package = package

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        self.sizes.append(size)
        arrays = self._package.session.run(feeds, size, cancellation)
        if self.broken:  # for what was asked for last
            arrays["species"] = np.concatenate([arrays["species"][:-4], np.full(4, 99, np.int32)])
        return arrays


def whole(arrays: Arrays, _first_index: int) -> bytes:
    return b"".join(array.tobytes() for array in arrays.values())


def job(package: LoadedPackage, graph: Any, seed: int, start: int, count: int, code: int | None = None) -> SampleJob:
    settings = {} if code is None else {"species": np.array([code])}
    return SampleJob(Draw(package.model, graph, seed, start, count, settings), whole, Cancellation())


def batch(first: SampleJob) -> Callable[[Job], bool]:
    add = batch_of(first)
    assert add is not None
    return add


@given(
    asked=st.lists(
        st.tuples(
            st.integers(0, 2**63 - 1),
            st.one_of(st.integers(0, 100), st.integers(10**12, 10**12 + 100)),
            st.integers(1, 60),
            st.sampled_from([None, 0, 2]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_bytes_do_not_depend_on_who_shares_the_run(
    package: LoadedPackage, asked: list[tuple[int, int, int, int | None]]
) -> None:
    graph = Counting(package)
    jobs = [job(package, graph, *one) for one in asked]
    add = batch(jobs[0])
    assert all(add(one) for one in jobs[1:])  # the tiny table's batch is large enough for all of them
    together = perform(jobs)
    assert len(graph.sizes) == 1
    assert together == [one.make() for one in jobs]


def test_only_what_fits_into_one_batch_of_the_same_graph_is_joined(package: LoadedPackage) -> None:
    graph, other = Counting(package), Counting(package)
    most = package.model.batch_size
    first = job(package, graph, 1, 0, most - 8)
    add = batch(first)
    assert not add(job(package, other, 1, 0, 1))
    given_up = job(package, graph, 1, 0, 1)
    given_up.cancellation.cancel()
    assert not add(given_up)
    assert not add(job(package, graph, 1, 0, 0))
    assert not add(job(package, graph, 1, 0, 9))
    assert add(job(package, graph, 2, 2, 1))  # a packet of four
    assert not add(job(package, graph, 3, 3, 2))  # two packets
    assert add(job(package, graph, 4, 0, 4))
    assert not add(job(package, graph, 5, 0, 1))
    for alone in (job(package, graph, 1, 0, 0), job(package, graph, 1, 0, most + 1)):
        assert batch_of(alone) is None


def test_batches_that_a_gpu_fills_up_are_shared_as_any(repository: Path, package: LoadedPackage) -> None:
    on_gpu = load_package(repository / "tiny-table" / "1", GPUS)
    graph = Counting(on_gpu)
    jobs = [job(on_gpu, graph, seed, 5, 9) for seed in range(3)]
    add = batch(jobs[0])
    assert all(add(one) for one in jobs[1:])
    assert perform(jobs) == [job(package, package.session, seed, 5, 9).make() for seed in range(3)]
    assert len(graph.sizes) == 1


def test_one_that_was_cancelled_does_not_take_the_others_with_it(package: LoadedPackage) -> None:
    graph = Counting(package)
    jobs = [job(package, graph, seed, 0, 8) for seed in range(3)]
    jobs[1].cancellation.cancel()
    results = perform(jobs)
    assert isinstance(results[1], CancelledWorkError)
    assert [results[0], results[2]] == [jobs[0].make(), jobs[2].make()]


def test_when_all_are_cancelled_nothing_runs(package: LoadedPackage) -> None:
    graph = Counting(package)
    jobs = [job(package, graph, seed, 0, 8) for seed in range(3)]
    for one in jobs:
        one.cancellation.cancel()
    assert all(isinstance(result, CancelledWorkError) for result in perform(jobs))
    assert not graph.sizes


def test_an_error_of_one_is_its_own(package: LoadedPackage) -> None:
    graph = Counting(package)
    graph.broken = True
    good, bad = perform([job(package, graph, seed, 0, 4) for seed in (1, 2)])
    assert isinstance(bad, GraphError)
    graph.broken = False
    assert good == job(package, graph, 1, 0, 4).make()

    def fail(_arrays: Arrays, _first_index: int) -> bytes:
        raise ValueError("broken")

    failing = SampleJob(Draw(package.model, graph, 1, 0, 4), fail, Cancellation())
    result, other = perform([failing, job(package, graph, 2, 0, 4)])
    assert isinstance(result, ValueError)
    assert isinstance(other, Made)


def test_an_error_of_the_run_is_everybodys(package: LoadedPackage) -> None:
    class Broken(Counting):
        def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
            raise GraphError("broken")

    graph = Broken(package)
    results = perform([job(package, graph, seed, 0, 4) for seed in (1, 2)])
    assert [str(result) for result in results] == ["broken", "broken"]


def test_arrays_of_a_shared_run_are_those_asked_for(package: LoadedPackage) -> None:
    graph = Counting(package)
    seen: list[Arrays] = []

    def keep(arrays: Arrays, _first_index: int) -> bytes:
        seen.append(arrays)
        return b""

    draws = [Draw(package.model, graph, seed, start, 5) for seed, start in ((1, 3), (2, 10))]
    perform([SampleJob(draw, keep, Cancellation()) for draw in draws])
    assert [{len(array) for array in arrays.values()} for arrays in seen] == [{5}, {5}]
    assert whole(seen[0], 3) != whole(seen[1], 10)
