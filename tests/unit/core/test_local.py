"""Samples in this process: cut into frames, whatever their size, which several threads compute."""

import itertools
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.fixtures import every_type
from tests.fixtures.packages import graph, write_package_2

import synthserve_core
from synthserve_core import ConditionError, Equals, GraphError, LocalModel
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.contract.model import Tensors
from synthserve_core.errors import CancelledWorkError
from synthserve_core.packages.reading import load_package

LONGEST = 1 << 16


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose rows are texts of 64 KiB: one letter, repeated."""
    node = helper.make_node
    nodes = [
        node("Mul", ["dice", "letters"], ["part"]),
        node("Floor", ["part"], ["place"]),
        node("Add", ["place", "first"], ["letter"]),
        node("Expand", ["letter", "shape"], ["letters of a row"]),
        node("Cast", ["letters of a row"], ["text"], to=TensorProto.UINT8),
    ]
    constants: dict[str, Any] = {
        "letters": np.float32(26),
        "first": np.float32(97),
        "shape": np.array([1, LONGEST], np.int64),
    }
    noise = {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [1]}
    manifest = {
        "table": {"columns": [{"name": "text", "type": "COLUMN_TYPE_STRING", "max_bytes": LONGEST}]},
        "methods": [
            {
                "method": "METHOD_GENERATE",
                "batch_size": 64,
                "inputs": [{"name": "dice", "noise": noise}],
                "outputs": [{"name": "text", "column": "text"}],
            }
        ],
    }
    onnx_model = graph(nodes, [("dice", "float32", [1])], [("text", "uint8", [LONGEST])], constants)
    return write_package_2(tmp_path_factory.mktemp("models"), "texts", onnx_model, manifest)


def test_large_rows_are_computed_a_few_at_a_time(texts: Path) -> None:
    column = synthserve_core.load(texts).rows(seed=7, count=100, start=3).column("text")
    assert max(len(chunk) for chunk in column.chunks) <= 16
    values = column.to_pylist()
    assert len(values) == 100
    assert all(value == value[0] * LONGEST for value in values)
    assert len(set(values)) > 15


def test_rows_and_pictures_are_not_each_other(texts: Path, repository: Path) -> None:
    with pytest.raises(TypeError, match="generates rows, not images"):
        next(synthserve_core.load(texts).pictures(seed=0, count=1))
    with pytest.raises(TypeError, match="generates images, not rows"):
        synthserve_core.load(repository / "tiny-grey" / "1").rows(seed=0, count=1)


def test_conditions_that_the_model_does_not_take_are_refused(texts: Path) -> None:
    with pytest.raises(ConditionError, match="'text'"):
        synthserve_core.load(texts).samples(seed=0, count=1, where={"text": Equals("a")})


def test_no_rows(texts: Path) -> None:
    assert synthserve_core.load(texts).rows(seed=0, count=0).num_rows == 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"seed": -1}, "seed must be a whole number from 0 to"),
        ({"seed": 1 << 63}, "seed must be a whole number from 0 to"),
        ({"seed": 1.5}, "seed must be a whole number from 0 to"),
        ({"count": -1}, "count must be a whole number from 0 to"),
        ({"start": -1}, "start must be a whole number from 0 to"),
        ({"start": (1 << 63) - 1}, "must stay below 2\\^63"),
    ],
)
def test_numbers_have_the_bounds_of_the_server(texts: Path, numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthserve_core.load(texts).rows(**{"seed": 7, "count": 1, **numbers})


def test_the_folder_of_a_model_means_its_newest_version(repository: Path) -> None:
    assert synthserve_core.load(repository / "tiny-table").model.version == 2


def test_pictures_refuse_at_once(texts: Path) -> None:
    with pytest.raises(TypeError, match="generates rows, not images"):
        synthserve_core.load(texts).pictures(seed=0, count=1)


THREADS = (1, 2, 5)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[LocalModel]:
    """A model with columns of every type, for each number of threads."""
    root = tmp_path_factory.mktemp("models")
    folder = write_package_2(root, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    package = load_package(folder, CPU)
    return [LocalModel(package, threads) for threads in THREADS]


@settings(max_examples=6)
@given(start=st.integers(0, 500) | st.just(2**40 + 1), count=st.integers(0, 2000), cut=st.integers(0, 2000))
def test_samples_depend_neither_on_the_threads_nor_on_the_cut(
    every: list[LocalModel], start: int, count: int, cut: int
) -> None:
    one, *others = every
    whole = one.samples(seed=7, start=start, count=count)
    table = one.rows(seed=7, start=start, count=count)
    low = min(cut, count)
    for model in others:
        parts = [model.samples(seed=7, start=start + a, count=b - a) for a, b in ((0, low), (low, count))]
        for key, values in whole.items():
            np.testing.assert_array_equal(np.concatenate([part[key] for part in parts]), values)
        assert model.rows(seed=7, start=start, count=count).combine_chunks().equals(table.combine_chunks())


def test_a_long_job_is_shared_by_the_threads(every: list[LocalModel]) -> None:
    chunks = [model.rows(seed=7, count=3000).column(0).num_chunks for model in every]
    assert chunks == [1, 2, 5]


def test_pictures_do_not_depend_on_the_threads(repository: Path) -> None:
    one, *others = (synthserve_core.load(repository / "tiny-grey" / "1", threads=threads) for threads in THREADS)
    pictures = list(one.pictures(seed=7, start=3, count=100))
    assert len(pictures) == 100
    for model in others:
        assert list(model.pictures(seed=7, start=3, count=100)) == pictures


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose graph fails from sample 30,000 on."""
    nodes = [helper.make_node("Gather", ["numbers", "index"], ["n"])]
    manifest = {
        "table": {"columns": [{"name": "n", "type": "COLUMN_TYPE_INT64"}]},
        "methods": [
            {
                "method": "METHOD_GENERATE",
                "batch_size": 1 << 20,
                "inputs": [{"name": "index", "index": {}}],
                "outputs": [{"name": "n", "column": "n"}],
            }
        ],
    }
    constants = {"numbers": np.arange(30_000, dtype=np.int64)}
    onnx_model = graph(nodes, [("index", "int64", [])], [("n", "int64", [])], constants)
    return write_package_2(tmp_path_factory.mktemp("models"), "ending", onnx_model, manifest)


@pytest.mark.parametrize("threads", THREADS)
def test_an_error_of_the_graph_reaches_the_caller_and_leaves_no_thread(ending: Path, threads: int) -> None:
    model, before = synthserve_core.load(ending, threads=threads), set(threading.enumerate())
    assert model.samples(seed=7, count=30_000)["n"].tolist() == list(range(30_000))
    for draw in (model.samples, model.rows):
        with pytest.raises(GraphError, match="with these inputs"):
            draw(seed=7, count=10**9)
    assert set(threading.enumerate()) <= before


class InterruptedGraph:
    """A graph whose third run sends SIGINT, once two threads are at work, and ends only when it is cancelled."""

    least = 1

    def __init__(self) -> None:
        self._both, self._runs = threading.Barrier(2), itertools.count(1)
        self.cancelled = 0

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        number = next(self._runs)
        if number <= 2:
            self._both.wait(10)
            return {"n": feeds["index"]}
        stop = threading.Event()
        with cancellation.interrupting(stop.set):
            if number == 3:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert stop.wait(10)
        self.cancelled += 1
        raise CancelledWorkError


def test_an_interrupt_stops_the_threads_at_once(ending: Path) -> None:
    package, interrupted = load_package(ending, CPU), InterruptedGraph()
    sessions: Any = dict.fromkeys(package.sessions, interrupted)
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        LocalModel(replace(package, sessions=sessions), threads=2).rows(seed=7, count=10**9)
    assert interrupted.cancelled
    assert set(threading.enumerate()) <= before


def test_at_least_one_thread(texts: Path) -> None:
    with pytest.raises(ValueError, match="threads must be at least 1, not 0"):
        synthserve_core.load(texts, threads=0)
