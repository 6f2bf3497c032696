"""Finds the parts that recipes name: the kind `dcgan` of the role `networks` is the module `networks/dcgan.py`.

A new kind is a new file. Each module of a role has an `Options` model, which validates the recipe's section, and the
functions that the role's `__init__` describes.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthserve_training import problems
from synthserve_training.errors import RecipeError

SECTIONS = {
    "datasets": "dataset",
    "preprocessing": "preprocessing",
    "networks": "networks",
    "objectives": "objective",
    "samplers": "sampler",
}
"""Of a recipe, by the role of the component that they name."""


Count = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
"""How many of something: what every library takes."""

Width = Annotated[int, Field(strict=True, gt=0, le=16_384)]
"""Units or filters of a layer, or values of a latent."""

Number = Annotated[float, Field(strict=True, le=1e30)]
"""A number that single precision holds, with room for what it is multiplied with. Its field says where it begins."""


class OptionsBase(BaseModel):
    """The base of every kind's options: immutable, and an option that is not one is an error. Numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def kinds(role: str) -> list[str]:
    """Names the kinds of a role, sorted."""
    package = importlib.import_module(f"{__package__}.{role}")
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))


def component(role: str, section: Mapping[str, Any]) -> tuple[Any, Any]:
    """Resolves one section of a recipe.

    Args:
        role: One of `SECTIONS`.
        section: `kind` and the options of that kind.

    Returns:
        The module of the kind and its validated options.

    Raises:
        RecipeError: There is no such kind, or an option is unknown or has a wrong value.
    """
    options = dict(section)
    kind = options.pop("kind", None)
    if kind not in kinds(role):
        meant = problems.did_you_mean(kind, kinds(role)) if isinstance(kind, str) else ""
        raise RecipeError(f"[{SECTIONS[role]}] kind = {kind!r}: use one of {', '.join(kinds(role))}{meant}")
    module = importlib.import_module(f"{__package__}.{role}.{kind}")
    try:
        return module, module.Options.model_validate(options)
    except ValidationError as error:
        raise RecipeError(f"[{SECTIONS[role]}] kind = {kind!r}: {problems.listed(error, module.Options)}") from None
