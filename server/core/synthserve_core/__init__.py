"""Reads synthserve's model packages and computes samples of them, in this process and without a server.

Example:
    >>> import synthserve_core
    >>> model = synthserve_core.load("exported/iris-vae/1")
    >>> table = model.rows(seed=7, count=1000)
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

# onnxruntime's releases report to their maker what they run, unless they find this when they are imported.
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
    """Imports what is asked for: a command that only reads a text file needs no onnxruntime."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
