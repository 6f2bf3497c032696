"""Describes each setting, for the help of the command and for the documentation."""

import enum
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from synthserve_server.settings.groups import GROUPS
from synthserve_server.settings.settings import Settings
from synthserve_server.settings.types import DefaultText

_WITHOUT_FLAG = {"limits"}
"""Settings that are sections of the file, without a flag."""


@dataclass(frozen=True)
class Description:
    """The description of a setting.

    Attributes:
        name: Its name in the TOML file.
        group: The title of its group.
        kind: The kind of its value, or the words to choose from.
        is_switch: Whether it is on or off.
        is_list: Whether it can be given several times.
        default: Its default as text; empty if the description says it, or the setting is required.
        is_required: Whether it must be given.
        text: Its description.
    """

    name: str
    group: str
    kind: str
    is_switch: bool
    is_list: bool
    default: str
    is_required: bool
    text: str

    @property
    def flag(self) -> str:
        """The flag; empty if it has no flag."""
        return "" if self.name in _WITHOUT_FLAG else f"--{self.name.replace('_', '-')}"

    @property
    def negative_flag(self) -> str:
        """The flag that turns a switch off; empty if the switch is off by default."""
        return f"--no-{self.name.replace('_', '-')}" if self.is_switch and self.default != "no" else ""


def descriptions() -> Iterator[Description]:
    """All settings, group by group."""
    fields = Settings.model_fields
    yield _described("config", "", fields["config"])
    for group in GROUPS:
        for name in group.model_fields:
            yield _described(name, group.title, fields[name])


def _described(name: str, group: str, field: FieldInfo) -> Description:
    kind, is_list = _kind(field.annotation)
    return Description(
        name=name,
        group=group,
        kind=kind,
        is_switch=kind == "switch",
        is_list=is_list,
        default=_default(field),
        is_required=field.is_required(),
        text=" ".join((field.description or "").split()),
    )


def _kind(annotation: Any) -> tuple[str, bool]:  # noqa: ANN401 - a type, however it is written
    """The name of the kind of values of a type, and whether there can be several."""
    if get_origin(annotation) is tuple:
        return _kind(get_args(annotation)[0])[0], True
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [_kind(one)[0] for one in get_args(annotation) if one is not type(None)]
        return " or ".join(dict.fromkeys(kinds)), False
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation))), False
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "|".join(str(member.value) for member in annotation), False
    names: dict[Any, str] = {bool: "switch", int: "integer", float: "number", str: "text", Path: "path"}
    return names.get(annotation, "section"), False


def _default(field: FieldInfo) -> str:
    for one in field.metadata:
        if isinstance(one, DefaultText):
            return one.text
    value = field.default
    if value is PydanticUndefined or value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, int) and value >= 1 << 20 and value % (1 << 20) == 0:
        return f"{value >> 30} GiB" if value % (1 << 30) == 0 else f"{value >> 20} MiB"
    return f"{value:g}" if isinstance(value, float) else str(value)
