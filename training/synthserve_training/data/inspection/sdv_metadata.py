"""SDV's metadata: what it says of columns is read as settings, and a recipe's columns are written as it.

Both forms are read: that of a single table (`columns`), and that of several (`tables`). Written is that of a single
table, which all releases of SDV since 1.0 read. The format is described in SDV's documentation, "Metadata JSON".
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from synthserve_training.data.inspection.inspecting import Inspection
from synthserve_training.data.inspection.settings import Settings
from synthserve_training.errors import RecipeError
from synthserve_training.problems import did_you_mean
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role

_KINDS = {
    "email": "email",
    "phone_number": "phone",
    "first_name": "first-name",
    "last_name": "last-name",
    "name": "name",
    "ssn": "regex",
    "iban": "iban",
    "credit_card_number": "card",
    "ipv4_address": "ipv4",
    "street_address": "address",
    "address": "address",
    "city": "city",
    "company": "company",
    "url": "url",
    "uuid4": "uuid",
}
"""The kind of rule that makes values of SDV's semantic types."""

_SDTYPES = {kind: sdtype for sdtype, kind in _KINDS.items() if sdtype not in ("ssn", "address")}


def read_file(path: Path, names: Collection[str], table: str | None = None) -> Settings:
    """Reads what a file of metadata says of the columns of a source.

    Args:
        path: The file.
        names: Of the columns of the source.
        table: The name of the table, where there are several.

    Raises:
        RecipeError: It cannot be read, is no metadata, or has a column that the source does not have.
    """
    try:
        found = read(path.read_text(encoding="utf-8-sig"), table)
    except OSError as error:
        raise RecipeError(f"{path}: it cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: it is no text in UTF-8: give SDV's metadata, as it saves them to JSON") from None
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None
    if unknown := next((name for name in found if name not in names), None):
        raise RecipeError(f"{path}: the table has no column {unknown!r}{did_you_mean(unknown, names)}")
    return found


def read(text: str, table: str | None = None) -> Settings:
    """Reads what metadata says of the columns of a table.

    Args:
        text: The JSON, of version V1 or V2.
        table: The name of the table, where there are several.

    Returns:
        Settings for `inspect`. A numerical column is left to its values, which show whether it is whole.

    Raises:
        RecipeError: It is no such JSON, or has no such table.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"the metadata is no JSON: {error}") from None
    described = _table(content, table)
    columns, key = described.get("columns"), described.get("primary_key")
    if not isinstance(columns, Mapping):
        raise RecipeError("the metadata has no columns: SDV writes them as 'columns': {'name': {'sdtype': …}}")
    found = {str(name): _settings(name, column) for name, column in columns.items()}
    for name in [key] if isinstance(key, str) else key or ():
        found.setdefault(name, {})["type"] = ColumnType.ID
    return {name: fields for name, fields in found.items() if fields}


def _table(content: object, table: str | None) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise RecipeError("the metadata is no object of JSON")
    tables = content.get("tables")
    if not isinstance(tables, Mapping):
        return content
    if table is None and len(tables) != 1:
        raise RecipeError(f"the metadata has the tables {', '.join(map(str, tables))}: name one of them")
    found = tables.get(next(iter(tables)) if table is None else table)
    if not isinstance(found, Mapping):
        raise RecipeError(f"the metadata has no table {table!r}: name one of {', '.join(map(str, tables))}")
    return found


def _settings(name: object, column: object) -> dict[str, Any]:
    if not isinstance(column, Mapping) or not isinstance(sdtype := column.get("sdtype"), str):
        raise RecipeError(f"the metadata of column {name!r} has no sdtype")
    match sdtype:
        case "numerical":
            whole = str(column.get("computer_representation", "")).startswith(("Int", "UInt"))
            return {"type": ColumnType.INTEGER} if whole else {}
        case "categorical":
            values = column.get("order") or ()
            return {"type": ColumnType.CATEGORY} | ({"values": tuple(map(str, values))} if values else {})
        case "boolean":
            return {"type": ColumnType.BOOLEAN}
        case "datetime":
            pattern = str(column.get("datetime_format") or "")
            timed = any(part in pattern for part in ("%H", "%I"))
            kind = {"type": ColumnType.TIMESTAMP if timed else ColumnType.DATE}
            return kind | {"patterns": (pattern,)} if pattern else {}
        case "id":
            return {"type": ColumnType.ID}
        case "unknown":
            return {}
        case _:  # of persons or firms, such as email
            return {"type": ColumnType.TEXT}


def write(inspection: Inspection) -> str:
    """Writes what was found as metadata of a single table, without values of the data.

    Its primary key is the first column of keys that are all there and all different, if there is one.

    Args:
        inspection: What was found.
    """
    described: dict[str, Any] = {
        "METADATA_SPEC_VERSION": "SINGLE_TABLE_V1",
        "columns": {profile.options.source_name: _described(profile.options) for profile in inspection.columns},
    }
    keys = (profile for profile in inspection.columns if profile.options.type is ColumnType.ID)
    unique = (key.options.source_name for key in keys if key.distinct == key.rows > 0)
    if (key := next(unique, None)) is not None:
        described["primary_key"] = key
    return json.dumps(described, indent=4, ensure_ascii=False) + "\n"


def _described(options: ColumnOptions) -> dict[str, Any]:
    match options.type:
        case ColumnType.INTEGER:
            return {"sdtype": "numerical", "computer_representation": "Int64"}
        case ColumnType.DECIMAL:
            return {"sdtype": "numerical", "computer_representation": "Float"}
        case ColumnType.BOOLEAN:
            return {"sdtype": "boolean"}
        case ColumnType.DATE | ColumnType.TIMESTAMP if options.patterns and not options.patterns[0].startswith(
            "epoch:"
        ):
            return {"sdtype": "datetime", "datetime_format": options.patterns[0]}
        case ColumnType.DATE | ColumnType.TIMESTAMP | ColumnType.TIME | ColumnType.CATEGORY:
            return {"sdtype": "categorical"}
        case _ if options.rule and (sdtype := _SDTYPES.get(options.rule.get("kind", ""))):
            return {"sdtype": sdtype, "pii": True}
        case ColumnType.ID:
            return {"sdtype": "id"}
        case _:
            return {"sdtype": "unknown", "pii": options.role is Role.RULE}
