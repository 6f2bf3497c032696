"""Rules of single values: constants, choices, and numbers and dates of a range."""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Self, TypeAlias

import numpy as np
from pydantic import Field, StrictBool, StrictFloat, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from synthserve.v1 import schema_pb2
from synthserve_training.models.rules import whole
from synthserve_training.models.rules.contract import Output
from synthserve_training.models.rules.kinds.base import Maker, RuleOptions
from synthserve_training.models.rules.scope import Scope

Integer = Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
Scalar: TypeAlias = StrictBool | Integer | StrictFloat | StrictStr

_EPOCH = datetime.date(1970, 1, 1)
_MOST = 10**15


@dataclass(frozen=True)
class _Independent:
    """A maker that uses noise alone."""

    @property
    def uses_index(self) -> bool:
        """See Maker."""
        return False

    @property
    def references(self) -> tuple[str, ...]:
        """See Maker."""
        return ()


@dataclass(frozen=True)
class _Chosen(_Independent):
    """One of several values of the same type."""

    values: tuple[Any, ...]
    weights: tuple[float, ...] | None

    @property
    def uniforms(self) -> int:
        """See Maker."""
        return int(len(self.values) > 1)

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        kind, _ = _types(self.values)
        categories = self.values if kind == schema_pb2.COLUMN_TYPE_CATEGORY else ()
        return schema_pb2.Column(name=name, type=kind, categories=categories, category_count=len(categories))

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        kind, dtype = _types(self.values)
        values: Sequence[Any] = self.values
        if kind == schema_pb2.COLUMN_TYPE_CATEGORY:
            values = range(len(values))
        if len(values) == 1:
            return Output(scope.graph.op("Expand", scope.graph.constant(list(values), dtype), scope.batch))
        index = whole.chosen(scope.graph, scope.uniform(), len(values), self.weights)
        if kind == schema_pb2.COLUMN_TYPE_CATEGORY:
            return Output(index)
        return Output(scope.graph.op("Gather", scope.graph.constant(list(values), dtype), index))


@dataclass(frozen=True)
class _Range(_Independent):
    """Whole numbers from `low` to `high`, times `unit`, or with a decimal point before the last `decimals` digits."""

    kind: schema_pb2.ColumnType
    low: int
    high: int
    unit: int = 1
    decimals: int = 0

    @property
    def uniforms(self) -> int:
        """See Maker."""
        return whole.uniforms_below(self.high - self.low + 1)

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        column = schema_pb2.Column(name=name, type=self.kind)
        if self.kind == schema_pb2.COLUMN_TYPE_DOUBLE:
            column.decimals = self.decimals
        return column

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph = scope.graph
        place = whole.below(scope, self.high - self.low + 1)
        if self.kind == schema_pb2.COLUMN_TYPE_DOUBLE:
            value = graph.op("Add", place, whole.number(graph, self.low))
            return Output(graph.op("Div", value, whole.number(graph, 10**self.decimals)))
        if self.kind == schema_pb2.COLUMN_TYPE_DATE:
            return Output(graph.cast(graph.op("Add", place, whole.number(graph, self.low)), np.int32))
        number = graph.op("Add", graph.cast(place, np.int64), graph.constant(self.low, np.int64))
        return Output(graph.op("Mul", number, graph.constant(self.unit, np.int64)) if self.unit > 1 else number)


@dataclass(frozen=True)
class _Continuous(_Independent):
    """Numbers between two bounds."""

    low: float
    high: float
    uniforms: int = 1

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        return schema_pb2.Column(name=name, type=schema_pb2.COLUMN_TYPE_DOUBLE)

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph = scope.graph
        width = graph.op("Mul", scope.uniform(), whole.number(graph, self.high - self.low))
        return Output(graph.op("Add", width, whole.number(graph, self.low)))


class Constant(RuleOptions):
    """The same value in each row; a text is a category."""

    value: Scalar

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return _Chosen((self.value,), None)


class Choice(RuleOptions):
    """One of several values; texts are categories."""

    values: tuple[Scalar, ...] = Field(min_length=1, max_length=65_536)
    weights: tuple[float, ...] | None = Field(default=None, description="How likely each is. Default: equally")

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise PydanticCustomError("twice", "values: one is there twice; give it a larger weight instead")
        types = {type(value) for value in self.values}
        if len(types) > 1 and types != {int, float}:
            raise PydanticCustomError("types", "values: they are of different types")
        if self.weights is not None and (
            len(self.weights) != len(self.values) or min(self.weights) < 0 or not sum(self.weights) > 0
        ):
            raise PydanticCustomError("weights", "weights: give one for each value, at least 0, and not only zeros")
        return self

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return _Chosen(self.values, self.weights)


class Number(RuleOptions):
    """Numbers of a range, equally likely: integers, or decimal numbers with so many decimals."""

    low: Integer | float
    high: Integer | float
    decimals: int = Field(default=0, ge=0, le=15, description="0: integers")
    continuous: bool = Field(default=False, description="Any number of the range, not rounded")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low > self.high:
            raise PydanticCustomError("range", "low is larger than high")
        if not self.continuous and self._bounds[0] > self._bounds[1]:
            raise PydanticCustomError("range", "there is no number of so many decimals from low to high")
        if not self.continuous and self._bounds[1] - self._bounds[0] >= _MOST:
            raise PydanticCustomError(
                "range", "the range has more than 10^15 numbers: use fewer decimals, or continuous = true"
            )
        if not self.continuous and self.decimals and max(map(abs, self._bounds)) > _MOST:
            raise PydanticCustomError(
                "range", "the numbers have more than 15 digits: use fewer decimals, or continuous = true"
            )
        return self

    @property
    def _bounds(self) -> tuple[int, int]:
        scale = 10 ** (self.decimals)
        return math.ceil(Fraction(str(self.low)) * scale), math.floor(Fraction(str(self.high)) * scale)

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        if self.continuous:
            return _Continuous(self.low, self.high)
        kind = schema_pb2.COLUMN_TYPE_DOUBLE if self.decimals else schema_pb2.COLUMN_TYPE_INT64
        return _Range(kind, *self._bounds, decimals=self.decimals)


class Date(RuleOptions):
    """Days of a range, equally likely."""

    low: datetime.date
    high: datetime.date

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_order(self.low, self.high)
        return self

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        low, high = ((day - _EPOCH).days for day in (self.low, self.high))
        return _Range(schema_pb2.COLUMN_TYPE_DATE, low, high)


class Timestamp(RuleOptions):
    """Seconds of a range, equally likely, without a time zone."""

    low: datetime.datetime
    high: datetime.datetime

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low.tzinfo or self.high.tzinfo:
            raise PydanticCustomError("zone", "low and high have no time zone: leave out Z or the offset")
        _check_order(self.low, self.high)
        return self

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        epoch = datetime.datetime.combine(_EPOCH, datetime.time())
        low, high = ((time - epoch) // datetime.timedelta(seconds=1) for time in (self.low, self.high))
        return _Range(schema_pb2.COLUMN_TYPE_TIMESTAMP, low, high, unit=1_000_000)


def _check_order(low: datetime.date, high: datetime.date) -> None:
    if low > high:
        raise PydanticCustomError("range", "low is later than high")


def _types(values: Sequence[Any]) -> tuple[schema_pb2.ColumnType, type]:
    """The type of a column with these values, and its dtype."""
    if isinstance(values[0], str):
        return schema_pb2.COLUMN_TYPE_CATEGORY, np.int32
    if isinstance(values[0], bool):
        return schema_pb2.COLUMN_TYPE_BOOL, np.bool_
    if all(isinstance(value, int) for value in values):
        return schema_pb2.COLUMN_TYPE_INT64, np.int64
    return schema_pb2.COLUMN_TYPE_DOUBLE, np.float64
