import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthserve_server.models.catalogue import ReadyPackage
from synthserve_core.packages.reading import load_package
from synthserve_core.compute import noise
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.errors import CancelledWorkError, GraphError
from synthserve_core.contract.model import PACKET, Arrays, Column, ColumnType, Condition, Model, Table
from synthserve_core.compute.noise import VALUES_PER_BLOCK
from synthserve_core.compute.sampler import Draw, sample

CODES = Table((Column("code", ColumnType.CATEGORY, ("a", "b")), Column("maybe", ColumnType.BOOL, nullable=True)))


class FakeGraph:
    """Gives the outputs that a test wants and notes what it was fed."""

    def __init__(self, *, code: int = 1, dtype: str = "int32") -> None:
        self.code, self.dtype = code, dtype
        self.fed: list[Arrays] = []

    def run(self, feeds: Arrays, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        self.fed.append(feeds)
        size = len(feeds["latent"])
        truth = np.ones(size, np.bool_)
        return {"code": np.full(size, self.code, self.dtype), "maybe": truth, "valid:maybe": truth}

    @property
    def sizes(self) -> list[int]:
        return [len(feeds["latent"]) for feeds in self.fed]


def model(batch_size: int, *conditions: Condition) -> Model:
    return Model("fake", 1, (3,), batch_size, CODES, conditions)


def run(described: Model, graph: FakeGraph, start: int, count: int, **conditions: int) -> dict[str, NDArray[Any]]:
    return sample(Draw(described, graph, 1, start, count, conditions), Cancellation())


@pytest.fixture(scope="module")
def package(repository: Path) -> ReadyPackage:
    return load_package("tiny-table", 1, repository / "tiny-table" / "1", CPU)


@given(
    seed=st.integers(0, 2**63 - 1),
    start=st.one_of(st.integers(0, 9000), st.integers(10**12, 10**12 + 9000)),
    counts=st.lists(st.integers(0, 3000), min_size=1, max_size=5),
    conditions=st.sampled_from([{}, {"species": 0}, {"species": 2}]),
)
def test_any_cut_gives_the_same(
    package: ReadyPackage, seed: int, start: int, counts: list[int], conditions: dict[str, int]
) -> None:
    def cut(first: int, count: int) -> dict[str, NDArray[Any]]:
        return sample(Draw(package.model, package.session, seed, first, count, conditions), Cancellation())

    whole = cut(start, sum(counts))
    parts = [cut(start + sum(counts[:i]), count) for i, count in enumerate(counts)]
    for name, array in whole.items():
        assert array.tobytes() == np.concatenate([part[name] for part in parts]).tobytes(), name


@pytest.mark.parametrize("offset", [0, 1, 1000, 4095])
def test_a_large_offset_costs_no_more_than_a_small_one(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    drawn: list[int] = []

    class Counting(np.random.Generator):
        def standard_normal(self, *arguments: Any, **named: Any) -> Any:
            drawn.append(named["out"].size)
            return super().standard_normal(*arguments, **named)

    monkeypatch.setattr(np.random, "Generator", Counting)
    monkeypatch.setattr(noise, "_of_thread", threading.local())

    def cost(start: int) -> tuple[list[int], list[int]]:
        graph = FakeGraph()
        drawn.clear()
        run(model(4096), graph, start, 10_000)
        return graph.sizes, drawn.copy()

    # A multiple of blocks and batches away, the very same runs of the graph and draws of noise are made.
    assert cost(10**12 + offset) == cost(offset)
    sizes, draws = cost(10**12 + offset)
    assert draws
    assert sum(sizes) < 10_000 + 2 * PACKET
    assert sum(draws) <= 3 * 10_000 + 2 * len(sizes) * VALUES_PER_BLOCK


@pytest.mark.parametrize(
    ("batch_size", "start", "count", "sizes"),
    [
        (8, 0, 20, [8, 8, 4]),
        (8, 3, 2, [8]),  # Both ends are in other packets than they would fill: 0 to 8 is computed.
        (8, 5, 1, [4]),
        (10, 0, 20, [8, 8, 4]),
        (1, 7, 3, [1, 1, 1]),
        (3, 1, 3, [3, 3]),
    ],
)
def test_batches_are_whole_packets(batch_size: int, start: int, count: int, sizes: list[int]) -> None:
    graph = FakeGraph()
    assert len(run(model(batch_size), graph, start, count)["code"]) == count
    assert graph.sizes == sizes


def test_model_that_allows_it_computes_what_was_asked_for_and_no_more() -> None:
    graph = FakeGraph()
    described = dataclasses.replace(model(8), packet=1)
    assert len(run(described, graph, 5, 4)["code"]) == 4
    assert graph.sizes == [3, 1]
    assert Draw(described, graph, 1, 5, 4).packets == (5, 9)


def test_conditions_are_fed_as_codes() -> None:
    graph = FakeGraph()
    described = model(4, Condition("species", ("x", "y")), Condition("size", ("s", "m")))
    run(described, graph, 0, 4, species=1)
    assert graph.fed[0]["condition:species"].tolist() == [1, 1, 1, 1]
    assert graph.fed[0]["condition:size"].tolist() == [-1, -1, -1, -1]
    assert graph.fed[0]["condition:size"].dtype == np.int64


def test_nothing_asked_for_gives_empty_arrays_of_the_right_types() -> None:
    graph = FakeGraph()
    arrays = run(model(4), graph, 3, 0)
    assert {name: (array.dtype.name, array.shape) for name, array in arrays.items()} == {
        "code": ("int32", (0,)),
        "maybe": ("bool", (0,)),
        "valid:maybe": ("bool", (0,)),
    }
    assert graph.fed == []


@pytest.mark.parametrize("code", [-1, 2])
def test_a_code_that_is_none_is_an_error(code: int) -> None:
    with pytest.raises(GraphError, match=f"category code {code}, which is not from 0 to 1"):
        run(model(4), FakeGraph(code=code), 0, 1)


def test_an_output_of_another_type_is_an_error() -> None:
    with pytest.raises(GraphError, match="'code' is int64"):
        run(model(4), FakeGraph(dtype="int64"), 0, 1)


def test_cancelled_work_is_not_begun() -> None:
    cancellation, graph = Cancellation(), FakeGraph()
    cancellation.cancel()
    with pytest.raises(CancelledWorkError):
        sample(Draw(model(4), graph, 1, 0, 100), cancellation)
    assert graph.fed == []


def test_cancelling_stops_a_running_graph(repository: Path) -> None:
    slow = load_package("slow", 1, repository / "slow" / "1", CPU)
    cancellation = Cancellation()

    class CancellingGraph:
        """Cancels once the run has been handed to onnxruntime."""

        runs = 0

        def run(self, feeds: Arrays, given: Cancellation) -> dict[str, NDArray[Any]]:
            self.runs += 1
            threading.Timer(0.02, given.cancel).start()
            return slow.session.run(feeds, given)

    graph = CancellingGraph()
    with pytest.raises(CancelledWorkError):
        sample(Draw(slow.model, graph, 1, 0, 1000), cancellation)
    assert graph.runs == 1
