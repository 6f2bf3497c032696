"""Reads manifests: from the text of `manifest.json` to a checked description of the model."""

import json
from collections.abc import Sequence
from dataclasses import replace

from google.protobuf import json_format

from synthserve.v1 import manifest_pb2, schema_pb2
from synthserve_core import text_files
from synthserve_core.contract import csv_formats, format1
from synthserve_core.contract.checks import require, require_few, require_unique
from synthserve_core.contract.conditions import default_categories
from synthserve_core.contract.methods import methods
from synthserve_core.contract.model import (
    Column,
    ColumnType,
    Condition,
    ConditionKind,
    Image,
    Model,
    Table,
)
from synthserve_core.contract.values import UnreadableValueError, span
from synthserve_core.errors import ManifestError
from synthserve_core.text_files import TextFileError

FORMAT_VERSION = 2
"""The version of the manifest format; version 1 is also read."""

MOST_COLUMNS = 4_096
"""The most columns, and the most conditions."""

MOST_CATEGORIES = 65_536
"""The most categories of one column or condition."""

LONGEST_TEXT = 1 << 16
"""The most bytes of a value of a STRING column, and of a category."""

LARGEST_DESCRIPTION = 1 << 20
"""The most bytes of a model's description without its categories; only categories can be sent in parts."""

LARGEST_IMAGE = 1 << 28
"""The most values of an image: a gRPC message holds less than 2 GiB."""

_TYPES = {
    schema_pb2.COLUMN_TYPE_DOUBLE: ColumnType.DOUBLE,
    schema_pb2.COLUMN_TYPE_INT64: ColumnType.INT64,
    schema_pb2.COLUMN_TYPE_CATEGORY: ColumnType.CATEGORY,
    schema_pb2.COLUMN_TYPE_BOOL: ColumnType.BOOL,
    schema_pb2.COLUMN_TYPE_STRING: ColumnType.STRING,
    schema_pb2.COLUMN_TYPE_DATE: ColumnType.DATE,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: ColumnType.TIMESTAMP,
}

_KINDS = {
    schema_pb2.CONDITION_KIND_UNSPECIFIED: ConditionKind.CODE,
    schema_pb2.CONDITION_KIND_CODE: ConditionKind.CODE,
    schema_pb2.CONDITION_KIND_SET: ConditionKind.SET,
    schema_pb2.CONDITION_KIND_RANGE: ConditionKind.RANGE,
}

_RANGED = {ColumnType.DOUBLE, ColumnType.INT64, ColumnType.DATE, ColumnType.TIMESTAMP}


def parse(data: bytes) -> manifest_pb2.Manifest:
    """Parses `manifest.json`.

    Args:
        data: proto3 JSON in UTF-8.

    Returns:
        A manifest of format 2, also for a file of format 1.

    Raises:
        ManifestError: It is not JSON, or has an unknown format version or field.
    """
    try:
        text = text_files.decode(data)
        content = json.loads(text)
    except TextFileError as error:
        raise ManifestError(f"the manifest {error}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the manifest is not JSON: {error}") from error
    # Checked first, as another version may have other fields.
    version = content.get("format_version", content.get("formatVersion", 0)) if isinstance(content, dict) else 0
    if version not in (1, FORMAT_VERSION) or isinstance(version, bool):
        raise ManifestError(f"the manifest has the format version {version}; this server knows 1 and {FORMAT_VERSION}")
    try:
        manifest = json_format.Parse(text, manifest_pb2.Manifest())
    except json_format.ParseError as error:
        raise ManifestError(f"the manifest does not fit its schema: {' '.join(str(error).split())}") from error
    require(version == 1 or not manifest.HasField("graph"), "the manifest has a graph, which format 2 lists in methods")
    require(version == FORMAT_VERSION or not manifest.methods, "the manifest has methods, which format 1 does not have")
    return format1.upgraded(manifest) if version == 1 else manifest


def describe(manifest: manifest_pb2.Manifest, folder: str, version: int) -> Model:
    """Checks a manifest and describes the model for those that run it.

    Args:
        manifest: A manifest of format 2.
        folder: The name of the model's folder.
        version: The name of the version's folder.

    Raises:
        ManifestError: Something in it is not allowed.
    """
    require(
        (manifest.model, manifest.version) == (folder, version),
        f"the manifest is for {manifest.model!r} version {manifest.version}, but lies in the folder {folder}/{version}",
    )
    size = _description_size(manifest)
    require(
        size <= LARGEST_DESCRIPTION,
        f"the description of the model has {size:,} bytes beside its categories; allowed are {LARGEST_DESCRIPTION:,}",
    )
    kind = manifest.WhichOneof("output")
    require(kind is not None, "the manifest names neither a table nor an image")
    output = _table(manifest.table) if kind == "table" else _image(manifest.image)
    conditions = _conditions(manifest.conditions, output)
    return Model(
        id=manifest.model,
        version=manifest.version,
        output=output,
        conditions=conditions,
        methods=methods(manifest.methods, output, conditions),
    )


def _description_size(manifest: manifest_pb2.Manifest) -> int:
    described = manifest_pb2.Manifest()
    described.CopyFrom(manifest)
    for name in ("methods", "provenance"):
        described.ClearField(name)
    for column in described.table.columns:
        del column.categories[:]
    for condition in described.conditions:
        del condition.categories[:]
    return described.ByteSize()


def _table(schema: schema_pb2.TableSchema) -> Table:
    require(len(schema.columns) > 0, "the table has no columns")
    require_few("the table", schema.columns, MOST_COLUMNS, "columns")
    columns = tuple(_column(column) for column in schema.columns)
    require_unique("the table's columns", [column.name for column in columns])
    delimiter = schema.csv_delimiter or ","
    require(csv_formats.is_delimiter(delimiter), f"the CSV delimiter must be one ASCII character, not {delimiter!r}")
    for column in columns:
        require(
            not (column.type is ColumnType.DOUBLE and column.csv.decimal_separator == delimiter),
            f"the column {column.name!r} has the decimal separator {delimiter!r}, which delimits the cells of its CSV",
        )
    return Table(columns, delimiter)


def _column(column: schema_pb2.Column) -> Column:
    require(column.name != "", "a column has no name")
    require(column.type in _TYPES, f"the column {column.name!r} has no type that this server knows")
    kind = _TYPES[column.type]
    if kind is ColumnType.CATEGORY:
        require(len(column.categories) > 0, f"the column {column.name!r} has no categories")
        _require_categories(f"the column {column.name!r}", column.categories)
    else:
        require(not column.categories, f"the column {column.name!r} has categories, but is not of that type")
    _require_count(f"the column {column.name!r}", column.category_count, len(column.categories))
    require(
        not column.HasField("decimals") or (kind is ColumnType.DOUBLE and 0 <= column.decimals <= 30),
        f"the column {column.name!r} has decimals, but only DOUBLE columns can, and from 0 to 30",
    )
    require(
        not column.utc or kind is ColumnType.TIMESTAMP,
        f"the column {column.name!r} is in UTC, but only TIMESTAMP columns can be",
    )
    require(
        1 <= column.max_bytes <= LONGEST_TEXT if kind is ColumnType.STRING else column.max_bytes == 0,
        f"the column {column.name!r} has max_bytes {column.max_bytes}; it must be from 1 to {LONGEST_TEXT:,} in STRING "
        "columns, and is not for others",
    )
    return Column(
        column.name,
        kind,
        tuple(column.categories),
        column.nullable,
        column.utc,
        column.max_bytes,
        csv_formats.described(column, kind),
    )


def _require_categories(what: str, categories: Sequence[str]) -> None:
    require_few(what, categories, MOST_CATEGORIES, "categories")
    require_unique(f"the categories of {what}", categories)
    longest = max(len(category.encode()) for category in categories)
    require(longest <= LONGEST_TEXT, f"{what} has a category of {longest:,} bytes; allowed are {LONGEST_TEXT:,}")


def _require_count(what: str, said: int, found: int) -> None:
    require(said in (0, found), f"{what} has {found:,} categories, not {said:,} as its category_count says")


def _image(schema: schema_pb2.ImageSchema) -> Image:
    require(schema.height >= 1 and schema.width >= 1, "the image's height and width must be at least 1")
    require(max(schema.height, schema.width) <= 65_535, "the image's height and width must be at most 65,535")
    require(schema.channels in (1, 3), f"the image must have 1 or 3 channels, not {schema.channels}")
    size = schema.height * schema.width * schema.channels
    require(size <= LARGEST_IMAGE, f"the image has {size:,} values; allowed are {LARGEST_IMAGE:,}")
    return Image(schema.height, schema.width, schema.channels)


def _conditions(specs: Sequence[schema_pb2.ConditionSpec], output: Table | Image) -> tuple[Condition, ...]:
    require_few("the model", specs, MOST_COLUMNS, "conditions")
    require_unique("the conditions", [spec.column for spec in specs])
    columns = {column.name: column for column in output.columns} if isinstance(output, Table) else {}
    found = []
    for spec in specs:
        require(spec.column != "", "a condition has no name")
        require(
            spec.column in columns or not isinstance(output, Table),
            f"the condition {spec.column!r} names no column of the table",
        )
        found.append(_condition(spec, columns.get(spec.column)))
    return tuple(found)


def _condition(spec: schema_pb2.ConditionSpec, column: Column | None) -> Condition:
    what = f"the condition {spec.column!r}"
    require(spec.kind in _KINDS, f"{what} has no kind that this server knows")
    kind = _KINDS[spec.kind]
    require(spec.type == 0 or spec.type in _TYPES, f"{what} has no type that this server knows")
    own = column.type if column else ColumnType.CATEGORY
    type_ = _TYPES[spec.type] if spec.type else own
    require(column is None or type_ is own, f"{what} has the type {type_.value}, and its column {own.value}")
    require(
        not spec.nullable or kind is not ConditionKind.CODE, f"{what} is nullable, but a CODE knows no missing value"
    )
    require(not spec.nullable or column is None or column.nullable, f"{what} is nullable, but its column is not")
    categories: tuple[str, ...] = ()
    if kind is ConditionKind.RANGE:
        is_time = column is not None and own is ColumnType.STRING and bool(column.csv.pattern)
        require(type_ in _RANGED or is_time, f"{what} is a RANGE, but its type {type_.value} has none")
        require(not spec.categories, f"{what} is a RANGE, but has categories")
    else:
        categories = tuple(spec.categories) or default_categories(type_, column.categories if column else ())
        require(len(categories) > 0, f"{what} has no categories")
        _require_categories(what, categories)
        require(
            column is None or own is not ColumnType.CATEGORY or set(categories) <= set(column.categories),
            f"{what} has categories that the column does not have",
        )
        if kind is ConditionKind.SET and column is not None:
            _require_all_values(what, categories, spec, column)
        require(not spec.low and not spec.high, f"{what} has a lowest or highest value, but is no RANGE")
        _require_count(what, spec.category_count, len(categories))
    condition = Condition(
        spec.column,
        kind,
        type_,
        categories,
        spec.nullable,
        column.utc if column else False,
        column.csv if column else csv_formats.DEFAULT,
    )
    return _with_limits(condition, spec) if spec.low or spec.high else condition


def _require_all_values(what: str, categories: tuple[str, ...], spec: schema_pb2.ConditionSpec, column: Column) -> None:
    """A SET in which everything is allowed is unset, so it must list everything that its column can have."""
    require(
        column.type in (ColumnType.CATEGORY, ColumnType.BOOL),
        f"{what} is a SET, but its column is neither CATEGORY nor BOOL",
    )
    require(
        set(categories) == set(default_categories(column.type, column.categories)),
        f"{what} is a SET and must list all values of its column, or none, which means all",
    )
    require(spec.nullable == column.nullable, f"{what} is a SET and must be nullable exactly if its column is")


def _with_limits(condition: Condition, spec: schema_pb2.ConditionSpec) -> Condition:
    try:
        low = span(spec.low, condition)[0] if spec.low else condition.low
        high = span(spec.high, condition)[1] if spec.high else condition.high
    except UnreadableValueError as error:
        raise ManifestError(f"the lowest or highest value of the condition {spec.column!r} {error}") from None
    require(low <= high, f"the lowest value of the condition {spec.column!r} is above its highest")
    return replace(condition, low=float(low), high=float(high))
