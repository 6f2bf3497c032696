"""The names of models and versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from synthserve_core.suggestions import closest

MODEL_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
"""The form of a model's identifier."""

VERSION = re.compile(r"[1-9][0-9]{0,9}")
"""The form of a version."""

FORM = "models/{model} or models/{model}/versions/{version}"
"""The forms of a name, for messages."""

_NAME = re.compile(rf"models/(?P<id>{MODEL_ID.pattern})(?:/versions/(?P<version>{VERSION.pattern}))?")


@dataclass(frozen=True)
class ModelName:
    """A parsed name; without a version it means the newest one."""

    id: str
    version: int | None


MODEL_FORM = "lower-case letters, digits and hyphens, a letter first"
"""The form of a model's identifier, for messages."""


def parse(name: str) -> ModelName | None:
    """Parses `models/{model}` or `models/{model}/versions/{version}`; None when it is neither."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    version = match["version"]
    return ModelName(match["id"], int(version) if version else None)


def meant(name: str, known: Iterable[str]) -> str:
    """The end of an error message about a malformed name: the form of identifiers, and the model that may be meant.

    Args:
        name: The malformed name.
        known: The identifiers of all models.
    """
    model, *rest = name.removeprefix("models/").replace("@", "/versions/").split("/versions/")
    problem = "" if MODEL_ID.fullmatch(model) else f"; a model is {MODEL_FORM}"
    if (found := closest(model, known)) is None:
        return problem
    version = f"/versions/{rest[0]}" if rest and VERSION.fullmatch(rest[0]) else ""
    return f"{problem}; did you mean models/{found}{version}?"
