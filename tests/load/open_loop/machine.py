"""The machine that a test runs on: what it is, and who computes on it."""

import platform
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata

import psutil
from tests.fixtures.serving import seconds_computed

from synthserve_training.train.machine import hardware

_PACKAGES = ("synthserve", "synthserve-server", "onnxruntime", "onnxruntime-gpu", "grpcio", "protobuf", "numpy")


def describe() -> str:
    """This machine in words."""
    return f"{hardware()}, {platform.system()} {platform.release()}"


def versions() -> dict[str, str]:
    """Of Python, and of those of the packages that matter that are there."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


@dataclass(frozen=True)
class Computed:
    """Processor seconds, since a time that does not matter or between two looks."""

    server: float | None
    """None: it is not a process of ours, and may be on another machine."""
    all: float
    """Of everything that runs on this machine."""

    def __sub__(self, before: "Computed") -> "Computed":
        server = None if self.server is None or before.server is None else self.server - before.server
        return Computed(server, self.all - before.all)


class Meter:
    """Tells what has been computed so far."""

    def __init__(self, server: int | None) -> None:
        """Watches the server with this process ID; None: there is none here."""
        self._server = psutil.Process(server) if server is not None else None

    def look(self) -> Computed:
        """What was computed up to now."""
        times = psutil.cpu_times()
        # The time of guests is in that of users already.
        busy = times.user + times.system + sum(getattr(times, name, 0.0) for name in ("nice", "irq", "softirq"))
        return Computed(seconds_computed(self._server) if self._server else None, busy)
