"""The names of models and versions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from synthserve_core.suggestions import closest

MODEL_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
"""What a model's identifier looks like."""

VERSION = re.compile(r"[1-9][0-9]{0,9}")
"""What a version looks like."""

FORM = "models/{model} or models/{model}/versions/{version}"
"""The forms of a name, for messages."""

_NAME = re.compile(rf"models/(?P<id>{MODEL_ID.pattern})(?:/versions/(?P<version>{VERSION.pattern}))?")


@dataclass(frozen=True)
class ModelName:
    """A parsed name; without a version it means the newest one."""

    id: str
    version: int | None


MODEL_FORM = "lower-case letters, digits and hyphens, a letter first"
"""What a model's identifier consists of, for messages."""


def parse(name: str) -> ModelName | None:
    """Parses `models/{model}` or `models/{model}/versions/{version}`; None when it is neither."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    version = match["version"]
    return ModelName(match["id"], int(version) if version else None)


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name of neither form: what identifiers look like, and which model may be meant.

    Args:
        name: What somebody wrote.
        known: The identifiers that there are.
    """
    model, *rest = name.removeprefix("models/").replace("@", "/versions/").split("/versions/")
    problem = "" if MODEL_ID.fullmatch(model) else f"; a model is {MODEL_FORM}"
    if (found := closest(model, known)) is None:
        return problem
    version = f"/versions/{rest[0]}" if rest and VERSION.fullmatch(rest[0]) else ""
    return f"{problem}; did you mean models/{found}{version}?"
