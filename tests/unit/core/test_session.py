from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tests.fixtures.devices import GPUS
from tests.fixtures.packages import LATENT, table_graph

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Tensors
from synthserve_core.errors import GraphError

REAL = onnxruntime.InferenceSession


class Watched:
    """A graph of onnxruntime's that notes what it is fed, and can lose rows."""

    fed: list[Tensors]
    lost: int

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._graph = REAL(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)

    def run(self, names: list[str], feeds: Tensors, options: Any) -> list[NDArray[Any]]:
        self.fed.append(feeds)
        return [array[: len(array) - self.lost] for array in self._graph.run(names, feeds, options)]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    """What sessions run from here on."""

    class OfThisTest(Watched):
        fed: list[Tensors] = []  # noqa: RUF012 - one for the test
        lost = 0

    monkeypatch.setattr(onnxruntime, "InferenceSession", OfThisTest)
    return OfThisTest


def feeds(size: int) -> Tensors:
    latent = np.random.default_rng(0).standard_normal((size, LATENT), np.float32)
    return {"latent": latent, "condition:species": np.ones(size, np.int64)}


def test_every_batch_on_a_gpu_has_the_same_size(watched: type[Watched]) -> None:
    fed = feeds(4)
    expected = Session(table_graph(), CPU, 6).run(fed, 4, Cancellation())
    watched.fed.clear()
    found = Session(table_graph(), GPUS, 6).run(fed, 4, Cancellation())
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in expected.items()
    }
    (filled,) = watched.fed
    for name, array in fed.items():
        assert (filled[name][:4] == array).all()
        assert not filled[name][4:].any()
        assert len(filled[name]) == 6
        assert filled[name].dtype == array.dtype


@pytest.mark.parametrize(("devices", "size"), [(CPU, 4), (GPUS, 6), (GPUS, 7)])
def test_nothing_is_copied_where_nothing_is_missing(watched: type[Watched], devices: Devices, size: int) -> None:
    fed = feeds(size)
    Session(table_graph(), devices, 6).run(fed, size, Cancellation())
    assert watched.fed == [fed]
    assert watched.fed[0] is fed


@pytest.mark.parametrize("lost", [1, 2])
def test_batch_that_does_not_come_back_whole_is_an_error(watched: type[Watched], lost: int) -> None:
    watched.lost = lost
    with pytest.raises(GraphError, match="for a batch of 6"):
        Session(table_graph(), GPUS, 6).run(feeds(4), 4, Cancellation())
