"""Imports of optional packages."""

from __future__ import annotations

import importlib
from typing import Any

from synthserve._exceptions import MissingDependency


def require(module: str, *, extra: str, what: str) -> Any:  # noqa: ANN401 - a module has no better type
    """Imports `module`. If it is missing, the error names the extra that brings it.

    Args:
        module: The module's full name.
        extra: The extra of this distribution that installs it.
        what: What needs it, for the message.

    Raises:
        MissingDependency: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingDependency(f"{what} needs {package}: pip install 'synthserve[{extra}]'") from error
