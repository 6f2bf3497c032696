"""Rules of the index of the row: running numbers, and numbers in a hidden order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from synthserve.v1 import schema_pb2
from synthserve_training.components import Count
from synthserve_training.errors import RecipeError
from synthserve_training.models.onnx_graph import Value
from synthserve_training.models.rules import texts, whole
from synthserve_training.models.rules.contract import Output
from synthserve_training.models.rules.kinds.base import Maker, RuleOptions, keyed, text_schema
from synthserve_training.models.rules.permutation import LARGEST, Permutation
from synthserve_training.models.rules.scope import Scope

_MOST_DIGITS = 15


@dataclass(frozen=True)
class Written:
    """How whole numbers become texts.

    Attributes:
        prefix: Text before each number.
        suffix: Text behind each number.
        digits: Leading zeros fill numbers up to so many digits; 0: no zeros.
    """

    prefix: str
    suffix: str
    digits: int

    @property
    def is_text(self) -> bool:
        """Whether the numbers are texts at all."""
        return bool(self.prefix or self.suffix or self.digits)

    def schema(self, name: str, digits: int) -> schema_pb2.Column:
        """The column of numbers of at most so many digits."""
        if not self.is_text:
            return schema_pb2.Column(name=name, type=schema_pb2.COLUMN_TYPE_INT64)
        return text_schema(name, len(self.prefix.encode()) + max(digits, self.digits) + len(self.suffix.encode()))

    def made(self, scope: Scope, value: Value, digits: int) -> Value:
        """The texts of numbers of at most so many digits: float64 [batch] to uint8 [batch, …]."""
        parts = [texts.literal(scope, self.prefix)] if self.prefix else []
        parts.append(texts.decimal(scope, value, max(digits, self.digits), self.digits))
        parts += [texts.literal(scope, self.suffix)] if self.suffix else []
        return texts.closed(scope.graph, texts.joined(scope.graph, parts)).value


@dataclass(frozen=True)
class _Numbers:
    """What running and permuted numbers have in common: no noise, and no other column."""

    written: Written

    @property
    def uniforms(self) -> int:
        """See Maker."""
        return 0

    @property
    def uses_index(self) -> bool:
        """See Maker."""
        return True

    @property
    def references(self) -> tuple[str, ...]:
        """See Maker."""
        return ()


@dataclass(frozen=True)
class _RunningNumbers(_Numbers):
    """`start`, `start + step`, and so on."""

    start: int
    step: int

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        return self.written.schema(name, _MOST_DIGITS)

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph = scope.graph
        steps = graph.op("Mul", scope.row.index, graph.constant(self.step, np.int64))
        value = graph.op("Add", steps, graph.constant(self.start, np.int64))
        if not self.written.is_text:
            return Output(value)
        bounded = graph.op("Mod", value, graph.constant(10**_MOST_DIGITS, np.int64))
        return Output(self.written.made(scope, graph.cast(bounded, np.float64), _MOST_DIGITS))


@dataclass(frozen=True)
class _PermutedNumbers(_Numbers):
    """The numbers of a range in a hidden order."""

    low: int
    permutation: Permutation

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        return self.written.schema(name, self._digits)

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph = scope.graph
        place = self.permutation.apply(graph, scope.row.index)
        if self.written.is_text:
            value = graph.op("Add", place, whole.number(graph, self.low))
            return Output(self.written.made(scope, value, self._digits))
        return Output(graph.op("Add", graph.cast(place, np.int64), graph.constant(self.low, np.int64)))

    @property
    def _digits(self) -> int:
        return len(str(self.low + self.permutation.size - 1))


class _NumberOptions(RuleOptions):
    prefix: str = Field(default="", max_length=64, description="Text before each number; the values are texts then")
    suffix: str = Field(default="", max_length=64, description="Text behind each number; the values are texts then")
    digits: int = Field(
        default=0, ge=0, le=_MOST_DIGITS, description="Leading zeros fill numbers; the values are texts then"
    )

    @property
    def written(self) -> Written:
        """How the numbers become texts."""
        return Written(self.prefix, self.suffix, self.digits)


class Sequence(_NumberOptions):
    """Running numbers: `start + step * index of the row`. Texts repeat after 10^15."""

    start: int = Field(default=1, ge=-(2**62), le=2**62)
    step: int = Field(default=1, ge=-(2**31), le=2**31)

    @model_validator(mode="after")
    def _texts_are_of_positive_numbers(self) -> Self:
        if self.written.is_text and (self.start < 0 or self.step < 0):
            raise PydanticCustomError("negative", "prefix, suffix and digits need start and step of at least 0")
        return self

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return _RunningNumbers(self.written, self.start, self.step)


class Permuted(_NumberOptions):
    """Every number from `low` to `high` once, in a hidden order; after that the order begins again.

    `digits` alone means all numbers of so many digits, with leading zeros.
    """

    low: int | None = Field(default=None, ge=-(2**62), le=2**62, description="Default: 0 with digits, else 1")
    high: int | None = Field(
        default=None, ge=-(2**62), le=2**62, description="Default: the largest number of `digits` digits"
    )
    rows: Count = Field(default=1_000_000, description="At least so many rows differ")
    key: str | int | None = Field(
        default=None, description="Another key makes another order. Default: the column's name"
    )

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        low = self.low if self.low is not None else 0 if self.digits else 1
        if self.high is None and not self.digits:
            raise RecipeError("give high, the largest number, or digits")
        high = 10**self.digits - 1 if self.high is None else self.high
        if self.written.is_text and (low < 0 or high >= 10**_MOST_DIGITS):
            raise RecipeError("prefix, suffix and digits need numbers from 0 to before 10^15")
        if high - low + 1 > LARGEST:
            raise RecipeError(f"low = {low} to high = {high} are more than 10^15 numbers")
        return _PermutedNumbers(self.written, low, keyed(column, max(0, high - low + 1), self.rows, self.key))
