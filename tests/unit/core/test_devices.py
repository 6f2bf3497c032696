import ctypes
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tests.fixtures.devices import GPUS
from tests.fixtures.packages import LATENT, table_graph

from synthserve_core.compute import devices
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU, LEAST_GRAPH_BYTES, Devices, Provider
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Tensors
from synthserve_core.errors import GraphError, ProviderError
from synthserve_core.packages.reading import load_package


def test_the_cpu_can_be_asked_for() -> None:
    assert devices.choose("cpu") == (CPU, "asked for")


@pytest.mark.parametrize(
    ("wanted", "indices"), [("auto", (0,)), ("cuda", (0,)), ("cuda:1", (1,)), ("cuda:0,3", (0, 3))]
)
@pytest.mark.parametrize("obstacle", ["no NVIDIA driver is installed", None])
def test_gpus_are_taken_where_they_work(
    monkeypatch: pytest.MonkeyPatch, wanted: str, indices: tuple[int, ...], obstacle: str | None
) -> None:
    monkeypatch.setattr(devices, "_cuda_obstacle", lambda _devices: obstacle)
    if obstacle is None:
        chosen, _ = devices.choose(wanted)
        assert (chosen.provider, chosen.indices) == (Provider.CUDA, indices)
        assert chosen.for_graph(LEAST_GRAPH_BYTES) == chosen
        assert chosen.for_graph(LEAST_GRAPH_BYTES - 1) == (CPU if wanted == "auto" else chosen)
        assert str(chosen) == f"cuda:{','.join(map(str, indices))}"
        told: Any = chosen.ort_providers
        assert [cuda["device_id"] for (_, cuda), _ in told] == [str(index) for index in indices]
    elif wanted == "auto":
        assert devices.choose(wanted) == (CPU, obstacle)
    else:
        with pytest.raises(ProviderError, match=f"{wanted} does not work here: {obstacle}"):
            devices.choose(wanted)


@pytest.mark.parametrize(("platform", "name"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")])
def test_the_driver_is_looked_for_under_its_name(monkeypatch: pytest.MonkeyPatch, platform: str, name: str) -> None:
    asked = []

    def absent(library: str) -> None:
        asked.append(library)
        raise OSError

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(sys, "platform", platform)
    assert devices.choose("auto") == (CPU, "no NVIDIA driver is installed")
    assert asked == [name]


class TwoGpus:
    """A driver that sees two GPUs."""

    @staticmethod
    def cuInit(_flags: int) -> int:  # noqa: N802 - the driver's name
        return 0

    @staticmethod
    def cuDeviceGetCount(count: Any) -> int:  # noqa: N802 - the driver's name
        count._obj.value = 2
        return 0


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: TwoGpus)
    with pytest.raises(ProviderError, match="there is no GPU 2, 5; visible GPUs are 0 to 1"):
        devices.choose("cuda:0,2,5")


def test_looking_for_cuda_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    devices.choose("auto")
    assert capfd.readouterr() == ("", "")


def test_runs_are_shared_between_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    real = onnxruntime.InferenceSession
    made: list[Any] = []
    used: list[int] = []
    entered = threading.Barrier(1)

    class Watched:
        """The graph on one of the two devices; as many runs wait for each other as the test says."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self._index, self._graph = len(made), real(*arguments, **options)
            made.append(self)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._graph, name)

        def run(self, *arguments: Any) -> Any:
            used.append(self._index)
            entered.wait(10)
            return self._graph.run(*arguments)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Watched)
    session = Session(table_graph(), GPUS, 4)
    feeds: Tensors = {"latent": np.zeros((4, LATENT), np.float32), "condition:species": np.zeros(4, np.int64)}
    for one in session.on_each_device():
        one.run(feeds, 4, Cancellation())
    assert used == [0, 1]
    entered = threading.Barrier(2)
    for _ in range(2):  # the second time, as what has ended counts no more
        used.clear()
        threads = [threading.Thread(target=session.run, args=(feeds, 4, Cancellation())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(used) == [0, 1]


@pytest.mark.parametrize(("model", "warned"), [("mnist-dcgan", True), ("iris-vae", False)])
def test_what_a_gpu_does_not_repeat_exactly_is_said_when_it_is_loaded(
    caplog: pytest.LogCaptureFixture, model: str, warned: bool
) -> None:
    folder = Path(__file__).parents[3] / "exported" / model / "2"
    load_package(folder, GPUS)
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [message.partition(":")[0] for message in messages] == [f"models/{model}/versions/2"] * warned
    caplog.clear()
    load_package(folder, CPU)
    assert caplog.records == []


def test_a_graph_that_fell_back_to_the_cpu_is_not_served() -> None:
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime is built without CUDA, and says so itself")
    if devices.choose("auto")[0] != CPU:
        pytest.skip("CUDA works here")
    with pytest.raises(GraphError, match="does not load the graph with CUDAExecutionProvider"):
        Session(table_graph(), Devices(Provider.CUDA), 8)
