"""The columns of a manifest: type, unit, and how values are written in CSV, so that it looks like the file."""

from collections.abc import Sequence

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import Column, ColumnType
from synthserve_training.tables.columns import ColumnOptions


def column_schema(options: ColumnOptions, kind: ColumnType, *, nullable: bool) -> Column:
    """Describes a column.

    Args:
        options: What the recipe says about it.
        kind: Its type in the manifest.
        nullable: Whether a value can be missing.
    """
    column = Column(name=options.name, type=kind, nullable=nullable, unit=options.unit, description=options.description)
    if options.missing and nullable:
        column.csv.missing_text = options.missing[0]
    if kind == schema_pb2.COLUMN_TYPE_DOUBLE:
        column.decimals = 15 if options.decimals is None else options.decimals
        if options.decimals is None:
            column.ClearField("decimals")
        elif options.fixed_decimals:
            column.csv.decimals = options.decimals
        if options.decimal_mark != ".":
            column.csv.decimal_separator = options.decimal_mark
    if kind == schema_pb2.COLUMN_TYPE_INT64 and options.digits:
        column.csv.digits = options.digits
    if kind == schema_pb2.COLUMN_TYPE_BOOL:
        if options.true and options.true[0] != "true":
            column.csv.true_text = options.true[0]
        if options.false and options.false[0] != "false":
            column.csv.false_text = options.false[0]
    if kind in (schema_pb2.COLUMN_TYPE_DATE, schema_pb2.COLUMN_TYPE_TIMESTAMP):
        column.utc = options.utc and kind == schema_pb2.COLUMN_TYPE_TIMESTAMP
        if options.patterns and not options.patterns[0].startswith("epoch:"):
            column.csv.pattern = options.patterns[0]
    return column


def csv_delimiter(separator: str | None, columns: Sequence[ColumnOptions]) -> str:
    """What separates the cells of generated CSV: what does in the source, if it is one ASCII character.

    Numbers with decimal commas are within quotes in a source with commas. Here a semicolon separates them, as
    spreadsheets do it where decimals have a comma.

    Args:
        separator: That of the source; None: it is no delimited text.
        columns: Its columns.

    Returns:
        `TableSchema.csv_delimiter`; empty: a comma.
    """
    separator = separator or ","
    if any(column.decimal_mark == separator for column in columns):
        return ";"
    return separator if separator.isascii() and separator not in (",", " ") else ""
