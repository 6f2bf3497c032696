import ctypes
import sys

import onnxruntime
import pytest

from synthserve_server.runtime import provider
from synthserve_server.runtime.errors import ProviderError
from synthserve_server.runtime.provider import Provider


def test_the_cpu_can_be_asked_for() -> None:
    assert provider.choose(Provider.CPU) == (Provider.CPU, "asked for")


@pytest.mark.parametrize("obstacle", ["no NVIDIA driver is installed", None])
def test_cuda_is_taken_where_it_works(monkeypatch: pytest.MonkeyPatch, obstacle: str | None) -> None:
    monkeypatch.setattr(provider, "_cuda_obstacle", lambda: obstacle)
    if obstacle is None:
        assert provider.choose(None)[0] is Provider.CUDA
        assert provider.choose(Provider.CUDA)[0] is Provider.CUDA
    else:
        assert provider.choose(None) == (Provider.CPU, obstacle)
        with pytest.raises(ProviderError, match=obstacle):
            provider.choose(Provider.CUDA)


@pytest.mark.parametrize(("platform", "name"), [("linux", "libcuda.so.1"), ("win32", "nvcuda.dll")])
def test_the_driver_is_looked_for_under_its_name(monkeypatch: pytest.MonkeyPatch, platform: str, name: str) -> None:
    asked = []

    def absent(library: str) -> None:
        asked.append(library)
        raise OSError

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ctypes, "CDLL", absent)
    monkeypatch.setattr(sys, "platform", platform)
    assert provider.choose(None) == (Provider.CPU, "no NVIDIA driver is installed")
    assert asked == [name]


def test_looking_for_cuda_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    provider.choose(None)
    assert capfd.readouterr() == ("", "")
