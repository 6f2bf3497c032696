"""Columns without values: in each row the value is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthserve.v1 import schema_pb2
from synthserve_training.models.contract import DTYPES
from synthserve_training.models.onnx_graph import GraphBuilder
from synthserve_training.models.rules.contract import NO_COLUMNS, Output, Row
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema

_TYPES: Mapping[ColumnType, schema_pb2.ColumnType] = {
    ColumnType.INTEGER: schema_pb2.COLUMN_TYPE_INT64,
    ColumnType.DECIMAL: schema_pb2.COLUMN_TYPE_DOUBLE,
    ColumnType.BOOLEAN: schema_pb2.COLUMN_TYPE_BOOL,
    ColumnType.DATE: schema_pb2.COLUMN_TYPE_DATE,
    ColumnType.TIMESTAMP: schema_pb2.COLUMN_TYPE_TIMESTAMP,
}
"""All others are texts: a column of categories has at least one."""


@dataclass(frozen=True)
class Absent:
    """A rule of a column that is always missing.

    Attributes:
        options: The column.
    """

    options: ColumnOptions

    uniforms = 1
    """The noise says how many rows there are."""

    uses_index = False
    references = ()

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column] = NO_COLUMNS) -> schema_pb2.Column:
        """See `Rule`: a nullable column."""
        del name, schemas
        kind = _TYPES.get(self.options.type, schema_pb2.COLUMN_TYPE_STRING)
        column = column_schema(self.options, kind, nullable=True)
        if kind == schema_pb2.COLUMN_TYPE_STRING:
            column.max_bytes = 1
        return column

    def build(self, graph: GraphBuilder, row: Row) -> Output:
        """See `Rule`."""
        column = self.schema(self.options.name)
        rows = graph.op("Shape", row.uniforms(self.uniforms), start=0, end=1)
        shape = rows
        if column.max_bytes:
            shape = graph.op("Concat", rows, graph.constant([column.max_bytes], "int64"), axis=0)
        values = graph.op("Expand", graph.constant(0, DTYPES[column.type]), shape)
        return Output(values, graph.op("Expand", graph.constant(False), rows))
