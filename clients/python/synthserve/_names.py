"""Names of models: what people type, and the resource names on the wire."""

from __future__ import annotations

import re
import reprlib
from dataclasses import dataclass

from synthserve._checks import text
from synthserve._exceptions import FieldViolation, InvalidRequest, ProtocolError

_VERSION = re.compile(r"models/(?P<model>[^/]+)/versions/(?P<version>[0-9]{1,18})")

# Real version numbers are far shorter, and Python refuses to parse numbers of more than some thousand digits.
_DIGITS = re.compile(r"0*[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model. `str()` gives the short form, which every method accepts: `iris-vae@1`."""

    model: str
    version: int

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"

    @property
    def resource(self) -> str:
        """The full resource name: `models/iris-vae/versions/1`."""
        return f"models/{self.model}/versions/{self.version}"


def resource_name(name: str) -> str:
    """Turns a model name as people type it into a resource name.

    Args:
        name: `iris-vae` (the newest version that is ready), `iris-vae@1` (that version) or a full resource name
            (`models/iris-vae`, `models/iris-vae/versions/1`).

    Returns:
        The resource name. Whether there is such a model is for the server to say.

    Raises:
        InvalidRequest: The name has none of these forms.
    """
    if text("model", name).startswith("models/"):
        return name
    model, at, version = name.partition("@")
    if not model or "/" in name or (at and not _DIGITS.fullmatch(version)):
        problem = FieldViolation("model", "write NAME, NAME@VERSION or a full resource name (models/...)")
        raise InvalidRequest(f"{reprlib.repr(name)} is not a model's name; {problem.description}", violations=[problem])
    return f"models/{model}/versions/{int(version)}" if at else f"models/{model}"


def short_name(resource: str) -> str:
    """Turns a resource name that the server sent into what people type: `iris-vae@1`, or `iris-vae`."""
    model, _, version = resource.removeprefix("models/").partition("/versions/")
    return f"{model}@{version}" if version else model


def parse_version(resource: str) -> ModelVersion:
    """Reads a full version name that the server sent.

    Raises:
        ProtocolError: It is not of the form `models/{model}/versions/{version}`.
    """
    match = _VERSION.fullmatch(resource)
    if match is None:
        raise ProtocolError(f"the server named a model version {resource!r}, which is not one")
    return ModelVersion(match["model"], int(match["version"]))
