"""What a run is trained on: cores, accelerators and the versions of packages."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from synthserve_core.system.cores import available_cores

_PACKAGES = (
    "jax",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime-gpu",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "tensorflow",
    "tf2onnx",
)


@dataclass(frozen=True)
class Machine:
    """What a run is trained on.

    Attributes:
        backend: What Keras runs on, such as `tensorflow`.
        accelerators: The GPUs, by name.
    """

    backend: str
    accelerators: Sequence[str] = ()

    def __str__(self) -> str:
        """As in `16 x Intel(R) Xeon(R) Processor, NVIDIA H100 80GB HBM3`."""
        return ", ".join([hardware(), *self.accelerators])

    def packages(self) -> dict[str, str]:
        """The versions of the packages that train, without other backends."""
        others = {"tensorflow", "jax"} - {self.backend}
        return {name: version for name, version in package_versions().items() if name not in others}


def package_versions() -> dict[str, str]:
    """The versions of the packages that training and export rest on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def hardware() -> str:
    """The cores that may be used, in words, for example `2 x AMD EPYC 9R14`."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{available_cores()} x {model}"
