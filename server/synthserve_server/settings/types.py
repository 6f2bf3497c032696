"""The types of settings, with their checks and error messages."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from pydantic_settings import NoDecode

from synthserve_server.settings import addresses

_VISIBLE = re.compile(r"[!-~]+")

_LONGEST_SECONDS = 1_000_000
"""Eleven days. gRPC counts milliseconds in 32 bits; event loops and threads have limits of their own."""

_MOST_WORKERS = 4096
"""The most threads or processes; no machine has more cores."""

_LARGEST_FILE = 2**31 - 1
"""The most bytes of a protobuf message, such as a graph or a manifest."""

_LARGEST = 2**63 - 1
"""The largest count in messages of the API."""


def _address(text: str) -> str:
    try:
        addresses.parse(text)
    except ValueError as error:
        raise PydanticCustomError("address", "{why}", {"why": str(error)}) from None
    return text


def _collector(endpoint: str) -> str:
    bad = PydanticCustomError("collector", "must be http://HOST:PORT, or https://HOST:PORT for TLS")
    try:
        url = urlsplit(endpoint)
        host, _ = url.hostname, url.port  # raises ValueError if the port is not a number
    except ValueError:
        raise bad from None
    if url.scheme not in ("http", "https") or not host or "@" in url.netloc or not _VISIBLE.fullmatch(endpoint):
        raise bad
    return endpoint


def _key_set(place: Any) -> Any:  # noqa: ANN401 - whatever a source gives
    """Converts a file to a path; a URL stays text."""
    if not isinstance(place, str):
        return place
    if "://" not in place:
        if not Path(place).is_file():
            raise PydanticCustomError("file", "there is no file {file}", {"file": place})
        return Path(place)
    bad = PydanticCustomError("address", "must be an address with a host, and without a user or a password")
    try:
        parts = urlsplit(place)
        host, _ = parts.hostname or "", parts.port  # raises ValueError if the port is not a number
    except ValueError:
        raise bad from None
    if parts.scheme != "https" and not (parts.scheme == "http" and addresses.Address(host, 0).is_loopback):
        raise PydanticCustomError("address", "must be a file or an https address; http is for this machine only")
    if not host or "@" in parts.netloc or not _VISIBLE.fullmatch(place):
        raise bad
    return place


def _readable(folder: Path) -> Path:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise PydanticCustomError("folder", "cannot be read: {why}", {"why": error.strerror}) from None
    return folder


def _writable_file(file: Path) -> Path:
    if not file.parent.is_dir():
        raise PydanticCustomError("file", "there is no folder {folder}", {"folder": str(file.parent)})
    if file.is_dir():
        raise PydanticCustomError("file", "must be a file, not a folder")
    return file


def _split(value: Any) -> Any:  # noqa: ANN401 - whatever a source gives
    """Splits a list from the environment: a,b."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _stripped(value: Any) -> Any:  # noqa: ANN401 - whatever a source gives
    """Removes the line end of a file of variables, or of a secret."""
    return value.strip() if isinstance(value, str) else value


def _printable(name: str) -> str:
    """Refuses names with invisible characters, which would never match and look as if they should."""
    for character in name:
        if not character.isprintable():
            raise PydanticCustomError(
                "name", "holds the invisible character {character}", {"character": f"U+{ord(character):04X}"}
            )
    return name


@dataclass(frozen=True)
class DefaultText:
    """The default of a setting as text, for defaults that do not describe themselves."""

    text: str


HostAndPort = Annotated[str, AfterValidator(_address)]
Collector = Annotated[str, AfterValidator(_collector)]
KeySet = Annotated[Path | str | None, BeforeValidator(_key_set)]
Readable = AfterValidator(_readable)
WritableFile = Annotated[Path, AfterValidator(_writable_file)]

PrintableText = Annotated[str, Field(min_length=1), AfterValidator(_printable)]
Name = Annotated[PrintableText, BeforeValidator(_stripped)]
Names = Annotated[tuple[PrintableText, ...], NoDecode, BeforeValidator(_split)]

Count = Annotated[int, Field(ge=1, le=_LARGEST)]
Bytes = Annotated[int, Field(ge=1, le=_LARGEST_FILE)]
Workers = Annotated[int, Field(ge=1, le=_MOST_WORKERS)]
Processes = Annotated[int, Field(ge=0, le=_MOST_WORKERS)]
Rate = Annotated[float, Field(ge=0.001, le=1e12, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)]
SomeSeconds = Annotated[float, Field(ge=0.001, le=_LONGEST_SECONDS, allow_inf_nan=False)]
