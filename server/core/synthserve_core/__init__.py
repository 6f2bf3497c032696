"""Reads synthserve's model packages and computes samples of them, in this process and without a server.

Example:
    >>> import synthserve_core
    >>> model = synthserve_core.load("exported/iris-vae/1")
    >>> table = model.rows(seed=7, count=1000)
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# Release builds of onnxruntime send telemetry to their vendor unless this is set before the import.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"

if TYPE_CHECKING:
    from synthserve_core.contract.conditions import AnyOf, Between, ConditionError, Equals, Missing
    from synthserve_core.errors import CoreError, GraphError, ManifestError
    from synthserve_core.local import LocalModel, load

__all__ = [
    "AnyOf",
    "Between",
    "ConditionError",
    "CoreError",
    "Equals",
    "GraphError",
    "LocalModel",
    "ManifestError",
    "Missing",
    "load",
]

_MODULES = {
    **dict.fromkeys(("AnyOf", "Between", "ConditionError", "Equals", "Missing"), "contract.conditions"),
    **dict.fromkeys(("CoreError", "GraphError", "ManifestError"), "errors"),
    **dict.fromkeys(("LocalModel", "load"), "local"),
}


def __getattr__(name: str) -> object:
    """Imports a name on first use, so that a command that only reads a text file does not load onnxruntime."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
