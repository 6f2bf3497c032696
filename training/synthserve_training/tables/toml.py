"""Writes recipes as TOML."""

import datetime
import re
from collections.abc import Mapping, Sequence

from synthserve_training.tables.recipe import TableRecipe

_SECTIONS = ("source", "network", "training", "privacy", "export", "card")


def to_toml(recipe: TableRecipe) -> str:
    """Writes a recipe without comments: only what differs from the defaults. `recipe.parse` reads the same from it."""
    written = recipe.model_dump(mode="json", exclude_defaults=True)
    # A field of the source that is set to its default is not found out again.
    written["source"] = recipe.source.model_dump(mode="json", exclude_unset=True)
    lines = [f"model = {value(recipe.model)}"]
    for section in _SECTIONS:
        if written.get(section):
            lines += ["", f"[{section}]", *fields(written[section])]
    for kind in ("columns", "constraints"):
        for each in written.get(kind, ()):
            lines += ["", f"[[{kind}]]", *fields(each)]
    return "\n".join([*lines, ""])


def document(content: Mapping[str, object]) -> str:
    """Writes what `tomllib` reads: first the values, then the tables, then the arrays of tables."""
    tables = {key: each for key, each in content.items() if isinstance(each, Mapping)}
    arrays = {
        key: each
        for key, each in content.items()
        if isinstance(each, list) and each and all(isinstance(part, Mapping) for part in each)
    }
    lines = fields({key: each for key, each in content.items() if key not in tables and key not in arrays})
    for key, table in tables.items():
        lines += ["", f"[{_key(key)}]", *fields(table)]
    for key, array in arrays.items():
        for table in array:
            lines += ["", f"[[{_key(key)}]]", *fields(table)]
    return "\n".join([*lines, ""])


def fields(options: Mapping[str, object]) -> list[str]:
    """Lines `key = value`; None is left out."""
    return [f"{_key(key)} = {value(each)}" for key, each in options.items() if each is not None]


def value(of: object) -> str:
    """A value as TOML.

    Raises:
        TypeError: TOML has no such values.
    """
    match of:
        case bool():
            return "true" if of else "false"
        case str():
            return _text(of)
        case Mapping():
            return (
                "{ " + ", ".join(f"{_key(key)} = {value(part)}" for key, part in of.items() if part is not None) + " }"
            )
        case Sequence():
            return "[" + ", ".join(map(value, of)) + "]"
        case int() | float() | datetime.date():
            return str(of)
        case _:
            raise TypeError(f"a recipe has no {type(of).__name__}")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found.group()):04X}", escaped) + '"'
