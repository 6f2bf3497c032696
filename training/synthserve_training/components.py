"""Finds the parts that recipes name: the kind `dcgan` of the role `networks` is the module `networks/dcgan.py`.

A new kind is a new file. Each module of a role has an `Options` model, which validates the recipe's section, and the
functions that the role's `__init__` describes.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from synthserve_training.errors import RecipeError

ROLES = ("datasets", "preprocessing", "networks", "objectives", "samplers")


class OptionsBase(BaseModel):
    """The base of every kind's options: immutable, and an option that is not one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def kinds(role: str) -> list[str]:
    """Names the kinds of a role, sorted."""
    package = importlib.import_module(f"{__package__}.{role}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))


def component(role: str, section: Mapping[str, Any]) -> tuple[Any, Any]:
    """Resolves one section of a recipe.

    Args:
        role: One of `ROLES`.
        section: `kind` and the options of that kind.

    Returns:
        The module of the kind and its validated options.

    Raises:
        RecipeError: There is no such kind, or an option is unknown or has a wrong value.
    """
    options = dict(section)
    kind = options.pop("kind", None)
    if kind not in kinds(role):
        raise RecipeError(f"[{role}] kind = {kind!r}: use one of {', '.join(kinds(role))}")
    module = importlib.import_module(f"{__package__}.{role}.{kind}")
    try:
        return module, module.Options.model_validate(options)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise RecipeError(f"[{role}] kind = {kind!r}: {problems}") from None
