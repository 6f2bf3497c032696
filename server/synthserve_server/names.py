"""The names of models and versions."""

import re
from dataclasses import dataclass

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


def parse(name: str) -> ModelName | None:
    """Parses `models/{model}` or `models/{model}/versions/{version}`; None when it is neither."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    version = match["version"]
    return ModelName(match["id"], int(version) if version else None)
