import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.fixtures.models import described

from synthserve_core.compute import noise
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.noise import VALUES_PER_BLOCK
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract.conditions import Equals, Settings, setting
from synthserve_core.contract.model import (
    PACKET,
    Column,
    ColumnType,
    Condition,
    ConditionKind,
    Key,
    Model,
    Table,
    Tensors,
    Validity,
)
from synthserve_core.errors import CancelledWorkError, GraphError
from synthserve_core.packages.reading import LoadedPackage, load_package

CODES = Table((Column("code", ColumnType.CATEGORY, ("a", "b")), Column("maybe", ColumnType.BOOL, nullable=True)))


class FakeGraph:
    """Gives the outputs that a test wants and notes what it was fed."""

    def __init__(self, *, code: int = 1, dtype: str = "int32") -> None:
        self.code, self.dtype = code, dtype
        self.fed: list[Tensors] = []

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        self.fed.append(feeds)
        assert len(feeds["latent"]) == size
        truth = np.ones(size, np.bool_)
        return {"code": np.full(size, self.code, self.dtype), "maybe": truth, "valid:maybe": truth}

    @property
    def sizes(self) -> list[int]:
        return [len(feeds["latent"]) for feeds in self.fed]


def model(batch_size: int, *conditions: Condition, packet: int = PACKET) -> Model:
    return described(CODES, batch_size, conditions, packet=packet)


def run(
    model: Model, graph: FakeGraph, start: int, count: int, settings: Settings | None = None
) -> dict[Key, NDArray[Any]]:
    return sample(Draw(model, graph, 1, start, count, settings or {}), Cancellation())


@pytest.fixture(scope="module")
def package(repository: Path) -> LoadedPackage:
    return load_package(repository / "tiny-table" / "1", CPU)


@given(
    seed=st.integers(0, 2**63 - 1),
    start=st.one_of(st.integers(0, 9000), st.integers(10**12, 10**12 + 9000)),
    counts=st.lists(st.integers(0, 3000), min_size=1, max_size=5),
    code=st.sampled_from([None, 0, 2]),
)
def test_any_cut_gives_the_same(
    package: LoadedPackage, seed: int, start: int, counts: list[int], code: int | None
) -> None:
    settings = {} if code is None else {"species": np.array([code])}

    def cut(first: int, count: int) -> dict[Key, NDArray[Any]]:
        return sample(Draw(package.model, package.session, seed, first, count, settings), Cancellation())

    whole = cut(start, sum(counts))
    parts = [cut(start + sum(counts[:i]), count) for i, count in enumerate(counts)]
    for key, array in whole.items():
        assert array.tobytes() == np.concatenate([part[key] for part in parts]).tobytes(), key


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
    of_one = model(8, packet=1)
    assert len(run(of_one, graph, 5, 4)["code"]) == 4
    assert graph.sizes == [3, 1]
    assert Draw(of_one, graph, 1, 5, 4).packets == (5, 9)


def test_conditions_are_fed_as_codes() -> None:
    graph = FakeGraph()
    species = Condition("species", ConditionKind.CODE, categories=("x", "y"))
    size = Condition("size", ConditionKind.CODE, categories=("s", "m"))
    run(model(4, species, size), graph, 0, 4, {"species": setting(species, Equals("y"))})
    assert graph.fed[0]["condition:species"].tolist() == [1, 1, 1, 1]
    assert graph.fed[0]["condition:size"].tolist() == [-1, -1, -1, -1]
    assert graph.fed[0]["condition:size"].dtype == np.int64


def test_nothing_asked_for_gives_empty_arrays_of_the_right_types() -> None:
    graph = FakeGraph()
    arrays = run(model(4), graph, 3, 0)
    assert {key: (array.dtype.name, array.shape) for key, array in arrays.items()} == {
        "code": ("int32", (0,)),
        "maybe": ("bool", (0,)),
        Validity("maybe"): ("bool", (0,)),
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
    slow = load_package(repository / "slow" / "1", CPU)
    cancellation = Cancellation()

    class CancellingGraph:
        """Cancels once the run has been handed to onnxruntime."""

        runs = 0

        def run(self, feeds: Tensors, size: int, given: Cancellation) -> dict[str, NDArray[Any]]:
            self.runs += 1
            threading.Timer(0.02, given.cancel).start()
            return slow.session.run(feeds, size, given)

    graph = CancellingGraph()
    with pytest.raises(CancelledWorkError):
        sample(Draw(slow.model, graph, 1, 0, 1000), cancellation)
    assert graph.runs == 1
