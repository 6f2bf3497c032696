"""Tables: cleaning, then MinMax scaling to [0, 1] of numbers and one-hot encoding of categories; and the way back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from keras import ops
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import TableSchema
from synthserve_core.contract.model import Key
from synthserve_training.components import Count, Number, OptionsBase
from synthserve_training.data.datasets import Images
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import DatasetError, RecipeError
from synthserve_training.types import Layout, Span, SpanKind, Tensor

_MIN_ROWS = 10
_MOST_DECIMALS = 15
"""A double has about so many."""


class ColumnOptions(OptionsBase):
    """A column to learn, and how its finished values look."""

    name: str = Field(min_length=1)
    source: str | None = Field(default=None, description="Its name in the dataset; default: the same")
    type: Literal["double", "int64", "category"]
    labels: Mapping[str, str] = Field(
        default_factory=dict,
        description="category: readable names by code; codes of one name are merged, any other counts as missing",
    )
    decimals: int | None = Field(
        default=None, strict=True, ge=0, le=15, description="double: decimals to round to; a double has about 15"
    )
    unit: str = ""
    description: str = ""

    @model_validator(mode="after")
    def _decimals_are_of_doubles(self) -> Self:
        if self.decimals is not None and self.type != "double":
            raise PydanticCustomError("decimals", "decimals are for type = 'double' alone: leave them out")
        return self


class Options(OptionsBase):
    """Which columns to learn and what counts as invalid. Rows with an invalid or missing value are dropped."""

    columns: tuple[ColumnOptions, ...] = Field(
        default=(), min_length=1, description="Default: all of the dataset, as numbers or categories"
    )
    missing_markers: tuple[str, ...] = ("-999", "N/A", "pending", "")
    max_abs_z: Number | None = Field(default=3.0, gt=0, description="Drop rows with a number further from the mean")
    min_category_rows: Count = Field(
        default=1, description="Drop the rows of rarer categories: what is learnt of so few is about persons"
    )

    @field_validator("columns")
    @classmethod
    def _names_differ(cls, columns: tuple[ColumnOptions, ...]) -> tuple[ColumnOptions, ...]:
        names = [column.name for column in columns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise PydanticCustomError("twice", "{name} is the name of two: rename one", {"name": repr(twice)})
        return columns


def fit(options: Options, data: pd.DataFrame | Images) -> Preprocessed:
    """Cleans a table and encodes it.

    Raises:
        RecipeError: The dataset is one of images.
        DatasetError: A column is not there, or too few whole rows are left.
    """
    if isinstance(data, Images):
        raise RecipeError("preprocessing table: the dataset is one of images: use kind = 'image'")
    cleaned = clean(options, data)
    options = with_columns(options, cleaned)
    encoders = tuple(_encoder(column, cleaned[column.name]) for column in options.columns)
    return Preprocessed(
        samples=np.concatenate([e.encode(cleaned[e.column.name]) for e in encoders], axis=1),
        layout=Layout((sum(e.width for e in encoders),), tuple(e.span() for e in encoders)),
        classes={e.column.name: e.codes(cleaned[e.column.name]) for e in encoders if isinstance(e, _Category)},
        categories={e.column.name: e.categories for e in encoders if isinstance(e, _Category)},
        decoder=TableDecoder(encoders),
        data=cleaned,
    )


def with_columns(options: Options, data: pd.DataFrame) -> Options:
    """The options with the columns of a table where they name none: whole numbers, other numbers, else categories."""
    if options.columns:
        return options
    return options.model_copy(update={"columns": tuple(_described(str(name), data[name]) for name in data.columns)})


def _described(name: str, values: "pd.Series[Any]") -> ColumnOptions:
    if not pd.api.types.is_numeric_dtype(values):
        return ColumnOptions(name=name, type="category")
    numbers = values.dropna().to_numpy(np.float64)
    exact = (places for places in range(_MOST_DECIMALS + 1) if np.array_equal(np.round(numbers, places), numbers))
    decimals = next(exact, None)
    if decimals == 0:
        return ColumnOptions(name=name, type="int64")
    return ColumnOptions(name=name, type="double", decimals=decimals)


def of_cleaned(options: Options) -> Options:
    """The options that fit the same columns of a table that has been cleaned already, or of a part: all of its rows.

    Args:
        options: The options, with their columns.
    """
    columns = (
        column.model_copy(update={"source": None, "labels": {name: name for name in column.labels.values()}})
        for column in options.columns
    )
    # What is extreme or rare was decided on the whole table: in a part of it more rows would be.
    return options.model_copy(update={"columns": tuple(columns), "max_abs_z": None, "min_category_rows": 1})


def clean(options: Options, data: pd.DataFrame) -> pd.DataFrame:
    """Keeps the rows that are whole and not extreme, in columns as the recipe names them.

    Invalid markers, and anything else in a numeric column that is not a finite number, count as missing. Extreme is a
    number further than `max_abs_z` standard deviations from the mean of its column. Rows of rare categories go last.

    Raises:
        DatasetError: A column is not there, or fewer than 10 rows are left.
    """
    options = with_columns(options, data)
    if absent := [name for c in options.columns if (name := c.source or c.name) not in data.columns]:
        raise DatasetError(f"the table has no column {', '.join(absent)}; it has {', '.join(map(str, data.columns))}")
    columns: dict[str, pd.Series[Any]] = {}
    for column in options.columns:
        text = data[column.source or column.name].astype("string").str.strip()
        text = text.mask(text.isin(options.missing_markers))
        if column.type == "category":
            columns[column.name] = text.map(dict(column.labels)).astype("string") if column.labels else text
        else:
            numbers = pd.to_numeric(text, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)
            # A marker can also be written as a number in another way: -999.0 is -999.
            markers = pd.to_numeric(pd.Series(options.missing_markers), errors="coerce").dropna()
            columns[column.name] = numbers.mask(numbers.isin(markers))
    frame = pd.DataFrame(columns).dropna().reset_index(drop=True)
    if options.max_abs_z is not None:
        table = frame.select_dtypes("number")
        deviations = table.std(ddof=0).replace(0.0, 1.0)
        z = (table - table.mean()) / deviations
        frame = frame[(z.abs() <= options.max_abs_z).all(axis=1)].reset_index(drop=True)
    for column in options.columns:
        if column.type == "category":
            rows = frame.groupby(column.name)[column.name].transform("size")
            frame = frame[rows >= options.min_category_rows].reset_index(drop=True)
    if len(frame) < _MIN_ROWS:
        raise DatasetError(
            f"only {len(frame)} of {len(data)} rows are whole, usual and not extreme; {_MIN_ROWS} are needed"
        )
    return frame


@dataclass(frozen=True)
class _Number:
    column: ColumnOptions
    minimum: float
    maximum: float
    width: int = 1

    def span(self) -> Span:
        return Span(self.column.name, SpanKind.NUMBER, self.width)

    def encode(self, values: pd.Series) -> NDArray[np.float32]:
        scale = (self.maximum - self.minimum) or 1.0
        return ((values.to_numpy(np.float64) - self.minimum) / scale).astype(np.float32)[:, np.newaxis]

    def decode(self, encoded: Tensor) -> Tensor:
        # In float64 before rounding: 5.1 rounded in float32 and cast later prints as 5.099999904632568.
        values = ops.cast(ops.clip(encoded[:, 0], 0.0, 1.0), "float64") * (self.maximum - self.minimum) + self.minimum
        if self.column.type == "int64":
            return ops.cast(ops.round(values), "int64")
        if self.column.decimals is None:
            return values
        power = 10.0**self.column.decimals
        # The conversion to ONNX turns a plain division by a constant into a product with its reciprocal, which can be
        # off by one unit in the last place: 2.8 would print as 2.8000000000000003.
        return ops.divide_no_nan(ops.round(values * power), power)

    def schema(self) -> schema_pb2.Column:
        double = self.column.type == "double"
        return schema_pb2.Column(
            name=self.column.name,
            type=schema_pb2.COLUMN_TYPE_DOUBLE if double else schema_pb2.COLUMN_TYPE_INT64,
            decimals=self.column.decimals,
            unit=self.column.unit,
            description=self.column.description,
        )


@dataclass(frozen=True)
class _Category:
    column: ColumnOptions
    categories: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.categories)

    def span(self) -> Span:
        return Span(self.column.name, SpanKind.ONE_HOT, self.width)

    def codes(self, values: pd.Series) -> NDArray[np.int64]:
        return pd.Categorical(values, categories=list(self.categories)).codes.astype(np.int64)

    def encode(self, values: pd.Series) -> NDArray[np.float32]:
        return np.eye(self.width, dtype=np.float32)[self.codes(values)]

    def decode(self, encoded: Tensor) -> Tensor:
        # By way of integers: on floats, Keras' argmax uses an operation that has no ONNX counterpart.
        is_largest = ops.cast(encoded == ops.max(encoded, axis=-1, keepdims=True), "int32")
        return ops.cast(ops.argmax(is_largest, axis=-1), "int32")

    def schema(self) -> schema_pb2.Column:
        return schema_pb2.Column(
            name=self.column.name,
            type=schema_pb2.COLUMN_TYPE_CATEGORY,
            categories=self.categories,
            unit=self.column.unit,
            description=self.column.description,
        )


def _encoder(column: ColumnOptions, values: pd.Series) -> _Number | _Category:
    if column.type == "category":
        there = set(values)
        # A recipe that names the categories also orders them. Codes of one name are one category.
        named = dict.fromkeys(column.labels.values())
        return _Category(column, tuple(name for name in named if name in there) or tuple(sorted(there)))
    return _Number(column, float(values.min()), float(values.max()))


@dataclass(frozen=True)
class TableDecoder:
    """Decodes what the network gives to columns.

    Attributes:
        encoders: One per column, in the order of the table.
    """

    encoders: Sequence[_Number | _Category]

    @property
    def schema(self) -> TableSchema:
        """The columns."""
        return TableSchema(columns=[encoder.schema() for encoder in self.encoders])

    def decode(self, samples: Tensor) -> dict[Key, Tensor]:
        """Decodes [n, width] to one tensor [n] per column: float64, int64, or int32 category codes."""
        values: dict[Key, Tensor] = {}
        start = 0
        for encoder in self.encoders:
            values[encoder.column.name] = encoder.decode(samples[:, start : start + encoder.width])
            start += encoder.width
        return values
