from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fixtures.devices import GPUS
from tests.fixtures.packages import table_graph

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.errors import GraphError
from synthserve_core.contract.model import Arrays
from synthserve_core.compute.session import Session


class Watched:
    """A graph of onnxruntime's that notes what it is fed, and can lose rows."""

    def __init__(self, graph: Any) -> None:
        self.fed: list[Arrays] = []
        self.lost = 0
        self._graph = graph

    def run(self, names: list[str], feeds: Arrays, options: Any) -> list[NDArray[Any]]:
        self.fed.append(feeds)
        return [array[: len(array) - self.lost] for array in self._graph.run(names, feeds, options)]


def watched(devices: Devices, batch_size: int) -> tuple[Session, Watched]:
    session = Session(table_graph(), devices, batch_size)
    graph = Watched(session._sessions[0])
    session._sessions = [graph] * len(session._sessions)
    return session, graph


def feeds(session: Session, size: int) -> Arrays:
    generator = np.random.default_rng(0)
    names = {node.name: node.shape[1:] for node in session._sessions[0]._graph.get_inputs()}
    return {
        name: generator.standard_normal((size, *shape), np.float32) if name == "latent" else np.ones(size, np.int64)
        for name, shape in names.items()
    }


def test_every_batch_on_a_gpu_has_the_same_size() -> None:
    session, graph = watched(GPUS, 6)
    fed = feeds(session, 4)
    cpu, _ = watched(CPU, 6)
    expected = cpu.run(fed, Cancellation())
    found = session.run(fed, Cancellation())
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in expected.items()
    }
    (filled,) = graph.fed
    for name, array in fed.items():
        assert (filled[name][:4] == array).all()
        assert not filled[name][4:].any()
        assert len(filled[name]) == 6
        assert filled[name].dtype == array.dtype


@pytest.mark.parametrize(("devices", "size"), [(CPU, 4), (GPUS, 6), (GPUS, 7)])
def test_nothing_is_copied_where_nothing_is_missing(devices: Devices, size: int) -> None:
    session, graph = watched(devices, 6)
    fed = feeds(session, size)
    session.run(fed, Cancellation())
    assert graph.fed == [fed]
    assert graph.fed[0] is fed


@pytest.mark.parametrize("lost", [1, 2])
def test_batch_that_does_not_come_back_whole_is_an_error(lost: int) -> None:
    session, graph = watched(GPUS, 6)
    graph.lost = lost
    with pytest.raises(GraphError, match="for a batch of 6"):
        session.run(feeds(session, 4), Cancellation())
