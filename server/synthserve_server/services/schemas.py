"""Schemas on the wire: complete, or, if categories make them large, cut into parts that fit into messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from synthserve.v1 import schema_pb2
from synthserve_core.packages.reading import LoadedPackage

LARGEST_PART = 1 << 20
"""The approximate most bytes of a schema in one message. Clients accept messages of 4 MiB by default."""


@dataclass(frozen=True)
class Schema:
    """The columns and conditions of a model, as sent to callers.

    Attributes:
        table: The columns, without categories if there are parts; None if the model generates images.
        conditions: The conditions of the model, without categories if there are parts.
        parts: The categories of columns and conditions.
    """

    table: schema_pb2.TableSchema | None
    conditions: Sequence[schema_pb2.ConditionSpec]
    parts: Sequence[schema_pb2.SchemaPart]

    def column_parts(self) -> list[schema_pb2.SchemaPart]:
        """The parts with categories of columns, without those of conditions."""
        return [schema_pb2.SchemaPart(columns=part.columns) for part in self.parts if part.columns]

    def without_categories(self) -> "Schema":
        """A copy without categories, for lists."""
        if self.parts:
            return Schema(self.table, self.conditions, ())
        return _bare(self)


_schemas: "WeakKeyDictionary[LoadedPackage, Schema]" = WeakKeyDictionary()


def schema_of(package: LoadedPackage) -> Schema:
    """The schema of a package, made once and cached."""
    found = _schemas.get(package)
    if found is None:
        found = _schemas[package] = _cut(_complete(package))
    return found


def cut_bytes(data: bytes) -> list[bytes]:
    """Cuts bytes into pieces that fit into messages."""
    return [data[start : start + LARGEST_PART] for start in range(0, len(data), LARGEST_PART)]


def _complete(package: LoadedPackage) -> Schema:
    manifest, table = package.manifest, None
    if manifest.HasField("table"):
        table = schema_pb2.TableSchema()
        table.CopyFrom(manifest.table)
        for column in table.columns:
            column.category_count = len(column.categories)
    types = {column.name: column for column in table.columns} if table else {}
    conditions = []
    for spec, known in zip(manifest.conditions, package.model.conditions, strict=True):
        condition = schema_pb2.ConditionSpec()
        condition.CopyFrom(spec)
        own = types.get(spec.column)
        condition.kind = spec.kind or schema_pb2.CONDITION_KIND_CODE
        condition.type = spec.type or (own.type if own else schema_pb2.COLUMN_TYPE_CATEGORY)
        condition.category_count = len(known.categories)
        condition.unit = spec.unit or (own.unit if own else "")
        conditions.append(condition)
    return Schema(table, conditions, ())


def _cut(schema: Schema) -> Schema:
    size = sum(message.ByteSize() for message in (schema.table, *schema.conditions) if message is not None)
    if size <= LARGEST_PART:
        return schema
    parts = []
    part, room = schema_pb2.SchemaPart(), LARGEST_PART
    for is_column, index, category in _categories(schema):
        size = len(category.encode()) + 8
        if size > room:
            parts.append(part)
            part, room = schema_pb2.SchemaPart(), LARGEST_PART
        lists = part.columns if is_column else part.conditions
        if not lists or lists[-1].index != index:
            lists.add(index=index)
        lists[-1].categories.append(category)
        room -= size
    parts.append(part)
    bare = _bare(schema)
    return Schema(bare.table, bare.conditions, parts)


def _categories(schema: Schema) -> Iterator[tuple[bool, int, str]]:
    """Every category: whether it belongs to a column, the index of its column or condition, and its text."""
    columns = schema.table.columns if schema.table else ()
    lists = [
        *((True, index, column.categories) for index, column in enumerate(columns)),
        *((False, index, condition.categories) for index, condition in enumerate(schema.conditions)),
    ]
    for is_column, index, categories in lists:
        for category in categories:
            yield is_column, index, category


def _bare(schema: Schema) -> Schema:
    table = None
    if schema.table is not None:
        table = schema_pb2.TableSchema()
        table.CopyFrom(schema.table)
        for column in table.columns:
            del column.categories[:]
    conditions = []
    for one in schema.conditions:
        condition = schema_pb2.ConditionSpec()
        condition.CopyFrom(one)
        del condition.categories[:]
        conditions.append(condition)
    return Schema(table, conditions, ())
