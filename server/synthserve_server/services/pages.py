"""Pages of answers that do not fit into one message, and their page tokens."""

import base64
import binascii
import re
from dataclasses import dataclass

from synthserve.v1 import schema_pb2
from synthserve_core.contract import names
from synthserve_server.models.catalogue import Package, ReadyPackage
from synthserve_server.services.schemas import schema_of

# A token names the last model of its page, so that models added or removed between two calls change no other entry.
_AFTER = "after:"
_PART = "part:"
_PLACE = re.compile("[0-9]{1,9}")


def after_model(model_id: str) -> str:
    """The token of the page after a model."""
    return _token(_AFTER, model_id)


def last_model(token: str) -> str | None:
    """The model that a token names, "" for the first page; None if the token is not valid."""
    if not token:
        return ""
    model_id = _content(_AFTER, token)
    return model_id if model_id and names.MODEL_ID.fullmatch(model_id) else None


@dataclass(frozen=True)
class SchemaPage:
    """A page of a model's description.

    Attributes:
        part: Categories; None on the first page, which has the description itself.
        next_token: The token of the next page; empty on the last page.
    """

    part: schema_pb2.SchemaPart | None
    next_token: str


def schema_page(package: Package, token: str) -> SchemaPage | None:
    """A page of a model's description.

    Args:
        package: The version.
        token: The token of the page; empty for the first one.

    Returns:
        The page; None if the token does not belong to this version.
    """
    if not isinstance(package, ReadyPackage):
        return None if token else SchemaPage(None, "")
    parts = schema_of(package.loaded).parts
    # The token names the version, because a newer version can have other categories.
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
    """The content of a token of a kind; None if it is not such a token."""
    try:
        content = base64.b64decode(token.encode(), b"-_", validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return None
    return content.removeprefix(kind) if content.startswith(kind) else None
