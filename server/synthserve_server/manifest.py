"""Reads manifests: from the text of `manifest.json` to a checked description of the model."""

import json
import math
import re
from collections.abc import Sequence

from google.protobuf import json_format

from synthserve.v1 import manifest_pb2, schema_pb2
from synthserve_server import text_files
from synthserve_server.runtime.model import PACKET, Column, ColumnType, Condition, Image, Model, Table
from synthserve_server.text_files import TextFileError

FORMAT_VERSION = 1
"""The version of the manifest format that this server reads."""

_TYPES = {
    schema_pb2.COLUMN_TYPE_DOUBLE: ColumnType.DOUBLE,
    schema_pb2.COLUMN_TYPE_INT64: ColumnType.INT64,
    schema_pb2.COLUMN_TYPE_CATEGORY: ColumnType.CATEGORY,
    schema_pb2.COLUMN_TYPE_BOOL: ColumnType.BOOL,
}

MOST_COLUMNS = 4_096
"""The most columns, and the most conditions."""

MOST_DIMENSIONS = 8
"""The most dimensions of the noise of a sample."""

MOST_CATEGORIES = 65_536
"""The most categories of one column or condition."""

LARGEST_SAMPLE = 1 << 28
"""The most values in the noise of one sample, or in one image: a gRPC message holds less than 2 GiB."""

LARGEST_BATCH = 1 << 20
"""The most samples in a batch, and in a packet."""


class ManifestError(Exception):
    """A manifest cannot be used; the message says why in one sentence."""


def parse(data: bytes) -> manifest_pb2.Manifest:
    """Parses `manifest.json`.

    Args:
        data: proto3 JSON in UTF-8.

    Raises:
        ManifestError: It is not JSON, has a format version that is not known, or a field that is not known.
    """
    try:
        text = text_files.decode(data)
        content = json.loads(text)
    except TextFileError as error:
        raise ManifestError(f"the manifest {error}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"the manifest is not JSON: {error}") from error
    # Before the rest, as another version may well have other fields.
    version = content.get("format_version", content.get("formatVersion", 0)) if isinstance(content, dict) else 0
    if version != FORMAT_VERSION:
        raise ManifestError(f"the manifest has the format version {version}; this server knows {FORMAT_VERSION}")
    try:
        return json_format.Parse(text, manifest_pb2.Manifest())
    except json_format.ParseError as error:
        raise ManifestError(f"the manifest does not fit its schema: {' '.join(str(error).split())}") from error


def describe(manifest: manifest_pb2.Manifest, folder: str, version: int) -> Model:
    """Checks a manifest and tells what the runtime must know of it.

    Args:
        manifest: The manifest.
        folder: The name of the model's folder.
        version: The name of the version's folder.

    Raises:
        ManifestError: Something in it is not allowed.
    """
    if (manifest.model, manifest.version) != (folder, version):
        raise ManifestError(
            f"the manifest is for {manifest.model!r} version {manifest.version}, "
            f"but lies in the folder {folder}/{version}"
        )
    graph = manifest.graph
    _require(
        graph.file not in ("", ".", "..") and not set(graph.file) & set("/\\:\0"),
        f"graph.file must be the plain name of a file in the package, not {graph.file!r}",
    )
    _require(
        re.fullmatch("[0-9a-f]{64}", graph.sha256) is not None, "graph.sha256 must be 64 lower-case hexadecimal digits"
    )
    _require(all(size >= 1 for size in graph.latent_shape), "graph.latent_shape must hold sizes of at least 1")
    _require(
        len(graph.latent_shape) <= MOST_DIMENSIONS and math.prod(graph.latent_shape) <= LARGEST_SAMPLE,
        f"graph.latent_shape must hold at most {MOST_DIMENSIONS} sizes and {LARGEST_SAMPLE:,} values",
    )
    _require(
        1 <= graph.batch_size <= LARGEST_BATCH, f"graph.batch_size must be at least 1 and at most {LARGEST_BATCH:,}"
    )
    _require(
        0 <= graph.packet <= LARGEST_BATCH,
        f"graph.packet must be at least 1 and at most {LARGEST_BATCH:,}, or 0 for the default",
    )
    kind = manifest.WhichOneof("output")
    _require(kind is not None, "the manifest names neither a table nor an image")
    output = _table(manifest.table) if kind == "table" else _image(manifest.image)
    return Model(
        id=manifest.model,
        version=manifest.version,
        latent_shape=tuple(graph.latent_shape),
        batch_size=graph.batch_size,
        packet=graph.packet or PACKET,
        output=output,
        conditions=_conditions(manifest.conditions, output),
    )


def _table(schema: schema_pb2.TableSchema) -> Table:
    _require(len(schema.columns) > 0, "the table has no columns")
    _require_few("the table", schema.columns, MOST_COLUMNS, "columns")
    columns = tuple(_column(column) for column in schema.columns)
    tensors = [name for column in columns for name in (column.name, column.validity)[: 1 + column.nullable]]
    _require_unique("the table's columns", tensors)
    return Table(columns)


def _column(column: schema_pb2.Column) -> Column:
    _require(column.name != "", "a column has no name")
    _require(column.type in _TYPES, f"the column {column.name!r} has no type that this server knows")
    kind = _TYPES[column.type]
    if kind is ColumnType.CATEGORY:
        _require(len(column.categories) > 0, f"the column {column.name!r} has no categories")
        _require_few(f"the column {column.name!r}", column.categories, MOST_CATEGORIES, "categories")
        _require_unique(f"the categories of {column.name!r}", column.categories)
    else:
        _require(not column.categories, f"the column {column.name!r} has categories, but is not of that type")
    _require(
        not column.HasField("decimals") or (kind is ColumnType.DOUBLE and column.decimals >= 0),
        f"the column {column.name!r} has decimals, but only DOUBLE columns can, and at least 0",
    )
    return Column(column.name, kind, tuple(column.categories), column.nullable)


def _image(schema: schema_pb2.ImageSchema) -> Image:
    _require(schema.height >= 1 and schema.width >= 1, "the image's height and width must be at least 1")
    _require(max(schema.height, schema.width) <= 65_535, "the image's height and width must be at most 65,535")
    _require(schema.channels in (1, 3), f"the image must have 1 or 3 channels, not {schema.channels}")
    size = schema.height * schema.width * schema.channels
    _require(size <= LARGEST_SAMPLE, f"the image has {size:,} values; allowed are {LARGEST_SAMPLE:,}")
    return Image(schema.height, schema.width, schema.channels)


def _conditions(specs: Sequence[schema_pb2.ConditionSpec], output: Table | Image) -> tuple[Condition, ...]:
    _require_few("the model", specs, MOST_COLUMNS, "conditions")
    _require_unique("the conditions", [spec.column for spec in specs])
    columns = {column.name: column for column in output.columns} if isinstance(output, Table) else None
    for spec in specs:
        _require(spec.column != "", "a condition has no name")
        _require(len(spec.categories) > 0, f"the condition {spec.column!r} has no categories")
        _require_few(f"the condition {spec.column!r}", spec.categories, MOST_CATEGORIES, "categories")
        _require_unique(f"the categories of the condition {spec.column!r}", spec.categories)
        if columns is None:
            continue
        _require(spec.column in columns, f"the condition {spec.column!r} names no column of the table")
        column = columns[spec.column]
        _require(
            column.type is not ColumnType.CATEGORY or set(spec.categories) <= set(column.categories),
            f"the condition {spec.column!r} has categories that the column does not have",
        )
    return tuple(Condition(spec.column, tuple(spec.categories)) for spec in specs)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ManifestError(otherwise)


def _require_few(what: str, values: Sequence[object], most: int, of: str) -> None:
    _require(len(values) <= most, f"{what} has {len(values):,} {of}; allowed are {most:,}")


def _require_unique(what: str, values: Sequence[str]) -> None:
    seen: set[str] = set()
    for value in values:
        _require(value not in seen, f"{what} hold {value!r} twice")
        seen.add(value)
