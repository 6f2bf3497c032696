"""What a user sets of a column before it is inspected, as `--set column.field=value` says it."""

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, get_origin

from pydantic import ValidationError

from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.problems import did_you_mean
from synthserve_training.tables.columns import ColumnOptions

Settings: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Fields of `ColumnOptions` by the name of the column."""

NO_SETTINGS: Settings = MappingProxyType({})


def parse(texts: Iterable[str], names: Collection[str]) -> Settings:
    """Parses settings such as `price.type=decimal`, `born.patterns=%d/%m/%Y` or `state.missing=?|unknown`.

    Args:
        texts: The settings; a bar separates several values of a field.
        names: Of the columns.

    Raises:
        RecipeError: It is not written so, or there is no such column or field.
    """
    result: dict[str, dict[str, Any]] = {}
    for text in texts:
        found = re.fullmatch(r"(.+)\.([a-z_]+)=(.*)", text, flags=re.DOTALL)
        if not found:
            raise RecipeError(f"--set {text!r}: write COLUMN.FIELD=VALUE, such as price.type=decimal")
        name, field, value = found.groups()
        if name not in names:
            raise RecipeError(f"--set {text!r}: there is no column {name!r}{did_you_mean(name, names)}")
        if field not in ColumnOptions.model_fields or field in ("name", "source", "rule"):
            meant = did_you_mean(field, ColumnOptions.model_fields)
            raise RecipeError(f"--set {text!r}: a column has no field {field!r} that can be set{meant}")
        several = get_origin(ColumnOptions.model_fields[field].annotation) is tuple
        result.setdefault(name, {})[field] = tuple(value.split("|")) if several else value
    return {name: _validated(name, fields) for name, fields in result.items()}


def merged(first: Settings, second: Settings) -> Settings:
    """Settings of two origins: where both say something of a field, the second one holds. A type brings its own fields.

    Args:
        first: Such as those of metadata.
        second: Such as those of the user.
    """
    names = dict.fromkeys([*first, *second])
    return {name: _of_both(first.get(name, {}), second.get(name, {})) for name in names}


def _of_both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    return dict(second) if second.get("type", first.get("type")) != first.get("type") else {**first, **second}


def _validated(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    try:
        options = ColumnOptions.model_validate({"name": name, "type": "text", **fields})
    except ValidationError as error:
        raise RecipeError(f"--set of column {name!r}: {problems.listed(error, ColumnOptions)}") from None
    return {field: getattr(options, field) for field in fields}
