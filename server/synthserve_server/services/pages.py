"""Pages of answers that do not fit into one message, and the tokens that name the next one."""

import base64
import binascii
import re
from dataclasses import dataclass

from synthserve.v1 import schema_pb2
from synthserve_core.contract import names
from synthserve_server.models.catalogue import Package, ReadyPackage
from synthserve_server.services.schemas import schema_of

# A token names the last model of its page, so that models which come or go between two pages change no other entry.
_AFTER = "after:"
_PART = "part:"
_PLACE = re.compile("[0-9]{1,9}")


def after_model(model_id: str) -> str:
    """The token of the page after a model."""
    return _token(_AFTER, model_id)


def last_model(token: str) -> str | None:
    """The model that a token names, "" for the first page; None: it is no token."""
    if not token:
        return ""
    model_id = _content(_AFTER, token)
    return model_id if model_id and names.MODEL_ID.fullmatch(model_id) else None


@dataclass(frozen=True)
class SchemaPage:
    """A page of a model's description.

    Attributes:
        part: The categories on it; None: it is the first page, with the description itself.
        next_token: The token of the next page; empty: this is the last one.
    """

    part: schema_pb2.SchemaPart | None
    next_token: str


def schema_page(package: Package, token: str) -> SchemaPage | None:
    """A page of a model's description.

    Args:
        package: The version.
        token: Of the page; empty: the first one.

    Returns:
        The page; None: the token is none of this version's.
    """
    if not isinstance(package, ReadyPackage):
        return None if token else SchemaPage(None, "")
    parts = schema_of(package.loaded).parts
    # The token names the version, as a newer one that has come meanwhile has other categories.
    version = f"{package.version}:{package.model.generate.sha256[:16]}:"
    if not token:
        return SchemaPage(None, _token(_PART, f"{version}0") if parts else "")
    place = (_content(_PART, token) or "").removeprefix(version)
    if not _PLACE.fullmatch(place) or int(place) >= len(parts):
        return None
    index = int(place)
    return SchemaPage(parts[index], _token(_PART, f"{version}{index + 1}") if index + 1 < len(parts) else "")


def _token(kind: str, content: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}{content}".encode()).decode()


def _content(kind: str, token: str) -> str | None:
    """What a token of a kind holds; None: it is no such token."""
    try:
        content = base64.b64decode(token.encode(), b"-_", validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None
    return content.removeprefix(kind) if content.startswith(kind) else None
