"""Chooses where graphs run: on NVIDIA GPUs where CUDA works, else on the CPU."""

import contextlib
import ctypes
import enum
import io
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

import onnxruntime

from synthserve_core.errors import ProviderError


class Provider(enum.Enum):
    """The execution provider of onnxruntime that runs graphs."""

    CPU = "cpu"
    CUDA = "cuda"


OrtProviders: TypeAlias = list[str | tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Devices:
    """Devices of one kind. Each graph has a session on each of them.

    Attributes:
        provider: The kind of device.
        indices: The GPUs, as CUDA numbers them; (0,) for the CPU.
        least_graph_bytes: Smaller graphs run on the CPU.
    """

    provider: Provider
    indices: tuple[int, ...] = (0,)
    least_graph_bytes: int = 0

    def __str__(self) -> str:
        """The form of the setting: `cpu`, `cuda:0,1`."""
        name: str = self.provider.value
        return name if self == CPU else f"{name}:{','.join(map(str, self.indices))}"

    def for_graph(self, size: int) -> "Devices":
        """The devices for a graph of `size` bytes."""
        return CPU if size < self.least_graph_bytes else self

    @property
    def ort_providers(self) -> list[OrtProviders]:
        """The `providers` argument of an onnxruntime session, for each device."""
        if self.provider is Provider.CPU:
            return [["CPUExecutionProvider"]]
        # The default convolution search picks algorithms by timing, so two runs could round differently.
        exact = {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
        return [
            [("CUDAExecutionProvider", {"device_id": str(index), **exact}), "CPUExecutionProvider"]
            for index in self.indices
        ]


CPU = Devices(Provider.CPU)

LEAST_GRAPH_BYTES = 1 << 20
"""The CPU computes smaller graphs, such as a table's VAE, in less time than the transfer to a GPU and back takes."""

# An ONNX model of one Identity node, to find out whether a provider starts.
_IDENTITY = (
    b'\x08\x08\x12\x00:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)


def choose(wanted: str) -> tuple[Devices, str]:
    """Chooses where to run.

    Args:
        wanted: `cpu`, `cuda` (the first GPU), `cuda:0,1` (those GPUs), or `auto` for the first GPU where that works and
            the graph has at least `LEAST_GRAPH_BYTES`.

    Returns:
        The devices and the reason for the choice.

    Raises:
        ProviderError: CUDA was requested and does not work.
    """
    if wanted == Provider.CPU.value:
        return CPU, "asked for"
    _, _, numbers = wanted.partition(":")
    indices = tuple(map(int, numbers.split(","))) if numbers else (0,)
    devices = Devices(Provider.CUDA, indices, LEAST_GRAPH_BYTES if wanted == "auto" else 0)
    obstacle = _cuda_obstacle(devices)
    if obstacle is None:
        return devices, "an NVIDIA GPU is available" if wanted == "auto" else "asked for"
    if wanted == "auto":
        return CPU, obstacle
    raise ProviderError(f"{wanted} does not work here: {obstacle}")


def _driver(platform: str) -> str:
    """The file name of the NVIDIA driver's library."""
    return "nvcuda.dll" if platform == "win32" else "libcuda.so.1"


def _cuda_obstacle(devices: Devices) -> str | None:
    """The reason why CUDA does not work here; None when it does."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this onnxruntime is built without CUDA"
    # Ask the driver first: onnxruntime prints alarming lines about libraries that a CPU machine lacks.
    try:
        driver = ctypes.CDLL(_driver(sys.platform))
    except OSError:
        return "no NVIDIA driver is installed"
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or count.value == 0:
        return "no NVIDIA GPU is visible"
    if missing := [str(index) for index in devices.indices if index >= count.value]:
        return f"there is no GPU {', '.join(missing)}; visible GPUs are 0 to {count.value - 1}"
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    for providers in devices.ort_providers:
        try:
            session = onnxruntime.InferenceSession(_IDENTITY, options, providers=providers)
        except Exception as error:  # onnxruntime's exceptions share no base class.
            return f"CUDA does not start ({error})"
        if "CUDAExecutionProvider" not in session.get_providers():
            return "the CUDA libraries do not load (install synthserve-server[cuda])"
    return None
