"""Finds the parts that recipes name: the kind `dcgan` of the role `networks` is the module `models/networks/dcgan.py`.

A new kind is a new file. Each module of a role has an `Options` model, which validates the recipe's section, and the
functions of the role's protocol, which the role's package declares.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthserve_training import problems
from synthserve_training.errors import RecipeError

Count = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
"""How many of something: what every library takes."""

Width = Annotated[int, Field(strict=True, gt=0, le=16_384)]
"""Units or filters of a layer, or values of a latent."""

Number = Annotated[float, Field(strict=True, le=1e30)]
"""A number that single precision holds, with room for what it is multiplied with. Its field sets the lower limit."""


class OptionsBase(BaseModel):
    """The base of every kind's options: immutable, and an unknown option is an error. Numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_SECTIONS = {
    "datasets": "dataset",
    "preprocessing": "preprocessing",
    "networks": "networks",
    "objectives": "objective",
    "samplers": "sampler",
    "heads": "heads",
}
"""The section of a recipe that names the kind of each role."""

_PACKAGES = {
    "datasets": "data.datasets",
    "preprocessing": "data.preprocessing",
    "networks": "models.networks",
    "objectives": "train.objectives",
    "samplers": "models.samplers",
    "heads": "models.heads",
}
"""The package that holds the kinds of each role."""

Module = TypeVar("Module")


@dataclass(frozen=True)
class Part(Generic[Module]):
    """A part that a recipe names. Its module is imported on first use: most modules import Keras, which takes seconds.

    Attributes:
        role: The role, a key of `_SECTIONS`.
        kind: The kind.
        written: The options as the recipe has them.
    """

    role: str
    kind: str
    written: Mapping[str, Any]

    @cached_property
    def module(self) -> Module:
        """The module of the kind; it has the functions of the role's protocol."""
        return cast("Module", importlib.import_module(f"{__package__}.{_PACKAGES[self.role]}.{self.kind}"))

    @cached_property
    def options(self) -> Any:  # noqa: ANN401 - the `Options` of the module
        """The validated options.

        Raises:
            RecipeError: An option is unknown or has a wrong value.
        """
        model: type[OptionsBase] = self.module.Options  # type: ignore[attr-defined]  # see the module's docstring
        try:
            return model.model_validate(dict(self.written))
        except ValidationError as error:
            raise RecipeError(
                f"[{_SECTIONS[self.role]}] kind = {self.kind!r}: {problems.listed(error, model)}"
            ) from None


def kinds(role: str) -> list[str]:
    """Names the kinds of a role, sorted."""
    folder = Path(__file__).parent.joinpath(*_PACKAGES[role].split("."))
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]))


def part(role: str, section: Mapping[str, Any]) -> Part[Any]:
    """Finds the part that a section of a recipe names.

    Args:
        role: One of `datasets`, `preprocessing`, `networks`, `objectives`, `samplers`, `heads`.
        section: `kind` and the options of that kind.

    Raises:
        RecipeError: There is no such kind.
    """
    options = dict(section)
    kind, known = options.pop("kind", None), kinds(role)
    if kind not in known:
        meant = problems.did_you_mean(kind, known) if isinstance(kind, str) else ""
        raise RecipeError(f"[{_SECTIONS[role]}] kind = {kind!r}: use one of {', '.join(known)}{meant}")
    return Part(role, kind, options)
