"""Chooses where graphs run: on an NVIDIA GPU where that truly works, else on the CPU."""

import contextlib
import ctypes
import enum
import io
import sys

import onnxruntime

from synthserve_server.runtime.errors import ProviderError


class Provider(enum.Enum):
    """Where graphs run."""

    CPU = "cpu"
    CUDA = "cuda"


PROVIDERS: dict[Provider, list[str | tuple[str, dict[str, str]]]] = {
    Provider.CPU: ["CPUExecutionProvider"],
    Provider.CUDA: [
        # The default search for the fastest convolution chooses by timing, so two runs can differ in their rounding.
        ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}),
        "CPUExecutionProvider",
    ],
}
"""What onnxruntime is told for each provider."""

# An ONNX model of one Identity node, to find out whether a provider starts.
_IDENTITY = (
    b'\x08\x08\x12\x00:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\r"
)


def choose(wanted: Provider | None) -> tuple[Provider, str]:
    """Chooses the provider.

    Args:
        wanted: The one to use; None for the best that works.

    Returns:
        The provider and, in words, why it was chosen.

    Raises:
        ProviderError: CUDA is wanted and does not work.
    """
    if wanted is Provider.CPU:
        return Provider.CPU, "asked for"
    obstacle = _cuda_obstacle()
    if obstacle is None:
        return Provider.CUDA, "asked for" if wanted else "an NVIDIA GPU is there"
    if wanted is Provider.CUDA:
        raise ProviderError(f"the provider cuda does not work here: {obstacle}")
    return Provider.CPU, obstacle


def _driver(platform: str) -> str:
    """The file name of the NVIDIA driver's library."""
    return "nvcuda.dll" if platform == "win32" else "libcuda.so.1"


def _cuda_obstacle() -> str | None:
    """What stands in the way of CUDA, in words; None: nothing."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this onnxruntime is built without CUDA"
    # The driver is asked first, as onnxruntime prints alarming lines about libraries that a CPU machine never has.
    try:
        driver = ctypes.CDLL(_driver(sys.platform))
    except OSError:
        return "no NVIDIA driver is installed"
    devices = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(devices)) != 0 or devices.value == 0:
        return "no NVIDIA GPU is visible"
    with contextlib.redirect_stdout(io.StringIO()):
        onnxruntime.preload_dlls()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(_IDENTITY, options, providers=PROVIDERS[Provider.CUDA])
    except Exception as error:  # onnxruntime's exceptions share no base class.
        return f"CUDA does not start ({error})"
    if "CUDAExecutionProvider" not in session.get_providers():
        return "the CUDA libraries do not load (install synthserve-server[cuda])"
    return None
