"""What generated rows and images look like, and which conditions a model takes, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from synthserve._exceptions import ProtocolError
from synthserve.v1 import schema_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ColumnType: TypeAlias = Literal["double", "int64", "category", "bool", "string", "date", "timestamp", "unknown"]
"""The type of a column's values; `unknown` for one that only a newer client knows."""

ConditionKind: TypeAlias = Literal["code", "set", "range", "unknown"]
"""What a condition accepts; `unknown` for what only a newer client knows."""

_COLUMN_TYPES: dict[int, ColumnType] = {
    pb.COLUMN_TYPE_DOUBLE: "double",
    pb.COLUMN_TYPE_INT64: "int64",
    pb.COLUMN_TYPE_CATEGORY: "category",
    pb.COLUMN_TYPE_BOOL: "bool",
    pb.COLUMN_TYPE_STRING: "string",
    pb.COLUMN_TYPE_DATE: "date",
    pb.COLUMN_TYPE_TIMESTAMP: "timestamp",
}

_CONDITION_KINDS: dict[int, ConditionKind] = {
    pb.CONDITION_KIND_UNSPECIFIED: "code",
    pb.CONDITION_KIND_CODE: "code",
    pb.CONDITION_KIND_SET: "set",
    pb.CONDITION_KIND_RANGE: "range",
}


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How the values of a column are written in CSV; an empty text and None mean the default.

    Attributes:
        pattern: Of dates and timestamps: directives such as `%d.%m.%Y`. Default: ISO 8601.
        digits: Of integers: how many digits a value is filled up to with zeros. 0: it is not.
        decimals: Of doubles: how many decimals are always written. None: as many as the value needs.
        decimal_separator: The decimal separator of doubles. Default: a full stop.
        true_text: The text of true. Default: `true`.
        false_text: The text of false. Default: `false`.
        missing_text: The text of a missing value. Default: an empty cell.
    """

    pattern: str = ""
    digits: int = 0
    decimals: int | None = None
    decimal_separator: str = ""
    true_text: str = ""
    false_text: str = ""
    missing_text: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a generated table.

    Attributes:
        name: The column's name, unique within the table.
        type: `double`, `int64`, `category`, `bool`, `string`, `date` or `timestamp`; `unknown` for a type that this
            client does not know.
        categories: The values of a category, in the order of their codes. Empty for other types, and in
            `Client.models()` without `full=True`.
        decimals: Decimals that a double is rounded to; None if it is not.
        nullable: Whether a value can be missing.
        unit: The physical unit, for example `cm`. Empty: none.
        description: What the column means. Can be empty.
        category_count: How many categories there are, also where `categories` is left out.
        utc: Of a timestamp: True for instants, False for a date with a time of day and no time zone.
        max_bytes: Of a string: the most bytes that a value has in UTF-8. 0: not known.
        csv: How values are written in CSV.
    """

    name: str
    type: ColumnType
    categories: tuple[str, ...] = ()
    decimals: int | None = None
    nullable: bool = False
    unit: str = ""
    description: str = ""
    category_count: int = 0
    utc: bool = False
    max_bytes: int = 0
    csv: CsvFormat = CsvFormat()


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What a generated row looks like.

    Attributes:
        columns: The columns, in their order in every output.
        csv_delimiter: What separates the cells of a line of CSV.
    """

    columns: tuple[Column, ...]
    csv_delimiter: str = ","


@dataclass(frozen=True, slots=True)
class ImageSchema:
    """What a generated image looks like: 8 bits per channel, rows from the top, channels last.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1 (grey) or 3 (red, green, blue).
    """

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that a model accepts: `where={name: ...}`.

    Attributes:
        name: The key; in a table the column that it concerns.
        values: For the kinds `code` and `set`, the accepted values. `Client.models()` has them only with `full=True`.
        kind: `code` (one of the values), `set` (any of them) or `range` (a value, or a range of numbers, dates or
            timestamps); `unknown` for a kind that this client does not know.
        type: The type of the values; see `Column.type`.
        nullable: Whether it accepts None (missing) and `present` (not missing).
        low: Of a range: the smallest value that the model has learnt, as text. Empty: not known.
        high: Of a range: the largest one.
        unit: Of a range: the physical unit, for example `cm`. Empty: none.
        category_count: How many values there are, also where `values` is left out.
    """

    name: str
    values: tuple[str, ...]
    kind: ConditionKind = "code"
    type: ColumnType = "category"
    nullable: bool = False
    low: str = ""
    high: str = ""
    unit: str = ""
    category_count: int = 0


def table_schema(message: pb.TableSchema) -> TableSchema:
    """Reads a table's schema.

    Raises:
        ProtocolError: It has no columns, or more categories than it says.
    """
    if not message.columns:
        raise ProtocolError("the server sent a table without columns")
    return TableSchema(tuple(_column(column) for column in message.columns), message.csv_delimiter or ",")


def image_schema(message: pb.ImageSchema) -> ImageSchema:
    """Reads an image's schema."""
    return ImageSchema(height=message.height, width=message.width, channels=message.channels)


def conditions(messages: Iterable[pb.ConditionSpec], table: TableSchema | None) -> tuple[Condition, ...]:
    """Reads the conditions that a model accepts.

    Args:
        messages: What the server says of them.
        table: What its rows look like; None for images.
    """
    columns = {column.name: column for column in table.columns} if table else {}
    return tuple(_condition(message, columns.get(message.column)) for message in messages)


def append(part: Iterable[pb.CategoryPart], owners: Sequence[pb.Column] | Sequence[pb.ConditionSpec]) -> None:
    """Appends categories to those of columns or conditions.

    Raises:
        ProtocolError: There is no such owner, or it gets more than it said.
    """
    for more in part:
        if not 0 <= more.index < len(owners):
            raise ProtocolError(f"the server sent categories of number {more.index} of {len(owners)}")
        owner = owners[more.index]
        owner.categories.extend(more.categories)
        if len(owner.categories) > owner.category_count:
            raise ProtocolError(_of_other_length(owner))


def check_whole(owners: Iterable[pb.Column | pb.ConditionSpec]) -> None:
    """Checks that all categories of columns or conditions have arrived.

    Raises:
        ProtocolError: Some are missing.
    """
    for owner in owners:
        # Servers that send no parts do not set the count.
        if owner.category_count and len(owner.categories) != owner.category_count:
            raise ProtocolError(_of_other_length(owner))


def _of_other_length(owner: pb.Column | pb.ConditionSpec) -> str:
    name = owner.name if isinstance(owner, pb.Column) else owner.column
    return f"{name!r}: the server sent {len(owner.categories)} categories, and said {owner.category_count}"


def _column(message: pb.Column) -> Column:
    if message.category_count and len(message.categories) > message.category_count:
        raise ProtocolError(_of_other_length(message))
    return Column(
        name=message.name,
        type=_COLUMN_TYPES.get(message.type, "unknown"),
        categories=tuple(message.categories),
        decimals=message.decimals if message.HasField("decimals") else None,
        nullable=message.nullable,
        unit=message.unit,
        description=message.description,
        category_count=message.category_count or len(message.categories),
        utc=message.utc,
        max_bytes=message.max_bytes,
        csv=_csv_format(message.csv),
    )


def _csv_format(message: pb.CsvFormat) -> CsvFormat:
    return CsvFormat(
        pattern=message.pattern,
        digits=message.digits,
        decimals=message.decimals if message.HasField("decimals") else None,
        decimal_separator=message.decimal_separator,
        true_text=message.true_text,
        false_text=message.false_text,
        missing_text=message.missing_text,
    )


def _condition(message: pb.ConditionSpec, column: Column | None) -> Condition:
    kind = _CONDITION_KINDS.get(message.kind, "unknown")
    values = tuple(message.categories)
    if not values and column is not None and kind in ("code", "set"):
        values = ("false", "true") if column.type == "bool" else column.categories
    return Condition(
        name=message.column,
        values=values,
        kind=kind,
        type=_type(message, column),
        nullable=message.nullable,
        low=message.low,
        high=message.high,
        unit=message.unit,
        category_count=message.category_count or len(values),
    )


def _type(message: pb.ConditionSpec, column: Column | None) -> ColumnType:
    if message.type != pb.COLUMN_TYPE_UNSPECIFIED:
        return _COLUMN_TYPES.get(message.type, "unknown")
    return column.type if column is not None else "category"
