"""Columns that follow from others: nothing of them is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import lcm
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve.v1 import schema_pb2
from synthserve.v1.schema_pb2 import CONDITION_KIND_RANGE, CONDITION_KIND_SET, Column, ConditionSpec
from synthserve_training.models.autoregressive.drawing.constraints.formulas import Formulas, Moment
from synthserve_training.models.autoregressive.drawing.limits import Conversion
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.constraints import expressions
from synthserve_training.tables.constraints.expressions import Expression
from synthserve_training.tables.schema import column_schema

_TYPES = {
    ColumnType.INTEGER: schema_pb2.COLUMN_TYPE_INT64,
    ColumnType.DECIMAL: schema_pb2.COLUMN_TYPE_DOUBLE,
    ColumnType.BOOLEAN: schema_pb2.COLUMN_TYPE_BOOL,
    ColumnType.DATE: schema_pb2.COLUMN_TYPE_DATE,
    ColumnType.TIMESTAMP: schema_pb2.COLUMN_TYPE_TIMESTAMP,
}
_DTYPES: Mapping[int, type[np.generic]] = {
    schema_pb2.COLUMN_TYPE_INT64: np.int64,
    schema_pb2.COLUMN_TYPE_DOUBLE: np.float64,
    schema_pb2.COLUMN_TYPE_BOOL: np.bool_,
    schema_pb2.COLUMN_TYPE_DATE: np.int32,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: np.int64,
    schema_pb2.COLUMN_TYPE_CATEGORY: np.int32,
}


@dataclass(frozen=True)
class Finished:
    """A column whose values are known.

    Attributes:
        output: Its values.
        codes: int64 [batch], of its first token; empty: it was not drawn.
        units: int64 [batch]; empty: its values are not ordered, or were not drawn.
        scale: How many units one is.
    """

    output: Output
    codes: Value = ""
    units: Value = ""
    scale: int = 1


class Derived(Protocol):
    """A column that follows from others."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def text(self) -> str:
        """What makes it follow."""
        ...

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        ...

    @property
    def condition(self) -> ConditionSpec | None:
        """The condition on it; None: it takes none."""
        ...

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The dtype and width of the condition's input."""
        ...

    @property
    def source(self) -> str:
        """The column that a condition on this one restricts."""
        ...

    def restricted(self, graph: GraphBuilder, condition: Value, of_source: Value) -> Value:
        """The condition on the source, given that on this column: [1, width] each."""
        ...

    def build(self, graph: GraphBuilder, finished: Mapping[str, Finished]) -> Output:
        """Adds the nodes that make its values."""
        ...


@dataclass(frozen=True)
class Lookup:
    """A column whose value another column decides.

    Attributes:
        options: The column.
        text: The constraint.
        source: The column that decides.
        values: [K]: the value for each code of the source's first token, as the column's type has it in a graph.
        valid: bool [K]: false where it is missing.
        categories: The values of a category; else empty.
        takes_sets: Whether the source's condition is a SET: then this column takes conditions, too.
    """

    options: ColumnOptions
    text: str
    source: str
    values: NDArray[Any]
    valid: NDArray[np.bool_]
    categories: tuple[str, ...]
    takes_sets: bool

    @property
    def name(self) -> str:
        """See `Derived`."""
        return self.options.name

    @property
    def schema(self) -> Column:
        """See `Derived`."""
        kind = _TYPES.get(self.options.type, schema_pb2.COLUMN_TYPE_CATEGORY)
        column = column_schema(self.options, kind, nullable=not bool(self.valid.all()))
        column.categories.extend(self.categories)
        return column

    @property
    def condition(self) -> ConditionSpec | None:
        """See `Derived`: a SET or a RANGE, as of any column of its type."""
        if not self.takes_sets or not self.valid.any():
            return None
        spec = ConditionSpec(column=self.name, nullable=self.schema.nullable, unit=self.options.unit)
        if self._is_set:
            spec.kind, spec.unit = CONDITION_KIND_SET, ""
        else:
            present = self.values[self.valid]
            spec.kind, spec.low, spec.high = CONDITION_KIND_RANGE, self._text(present.min()), self._text(present.max())
        return spec

    @property
    def condition_shape(self) -> tuple[type, int]:
        """See `Derived`."""
        if not self._is_set:
            return np.float64, 2
        count = 2 if self.options.type is ColumnType.BOOLEAN else len(self.categories)
        return np.bool_, count + int(self.schema.nullable)

    def restricted(self, graph: GraphBuilder, condition: Value, of_source: Value) -> Value:
        """See `Derived`: the codes of the source whose values are asked for."""
        if self._is_set:
            places = np.where(self.valid, self.values.astype(np.int64), self.condition_shape[1] - 1)
            left = graph.op("Gather", condition, graph.constant(places), axis=1)
        else:
            left = self._in_range(graph, condition)
        return graph.op("And", of_source, left)

    def build(self, graph: GraphBuilder, finished: Mapping[str, Finished]) -> Output:
        """See `Derived`."""
        code = finished[self.source].codes
        values = graph.op("Gather", graph.constant(self.values.astype(_DTYPES[self.schema.type])), code)
        return Output(values, graph.op("Gather", graph.constant(self.valid), code) if self.schema.nullable else None)

    def _in_range(self, graph: GraphBuilder, condition: Value) -> Value:
        low, high = graph.slice(condition, 0, 1, 1), graph.slice(condition, 1, 2, 1)
        values = graph.constant(self.values.astype(np.float64)[None])
        inside = graph.op("And", graph.op("GreaterOrEqual", values, low), graph.op("LessOrEqual", values, high))
        missing = graph.op("Or", _unset(graph, condition), graph.op("IsNaN", low))
        present, absent = graph.constant(self.valid[None]), graph.constant(~self.valid[None])
        return graph.op("Or", graph.op("And", present, inside), graph.op("And", absent, missing))

    @property
    def _is_set(self) -> bool:
        return _TYPES.get(self.options.type) in (None, schema_pb2.COLUMN_TYPE_BOOL)

    def _text(self, value: Any) -> str:  # noqa: ANN401 - a NumPy scalar
        match self.options.type:
            case ColumnType.DATE:
                return (date(1970, 1, 1) + timedelta(days=int(value))).isoformat()
            case ColumnType.TIMESTAMP:
                moment = datetime(1970, 1, 1) + timedelta(microseconds=int(value))
                return moment.isoformat() + ("Z" if self.options.utc else "")
            case ColumnType.INTEGER:
                return str(int(value))
            case _:
                return repr(float(value))


@dataclass(frozen=True)
class _Unconditional:
    """A number that takes no condition."""

    options: ColumnOptions
    text: str
    nullable: bool

    condition = None
    condition_shape = (np.float64, 2)
    source = ""

    @property
    def name(self) -> str:
        """See `Derived`."""
        return self.options.name

    @property
    def schema(self) -> Column:
        """See `Derived`."""
        return column_schema(self.options, _TYPES[self.options.type], nullable=self.nullable)

    def restricted(self, graph: GraphBuilder, condition: Value, of_source: Value) -> Value:
        """See `Derived`: there is no condition."""
        raise NotImplementedError


@dataclass(frozen=True)
class Remainder(_Unconditional):
    """The last part of a total: what the other parts leave.

    It takes no condition. A range of it would need parts that add up to a range, and parts can have gaps between their
    values: whether the later parts can still reach the range is a subset-sum problem in every row.

    Attributes:
        total: The total.
        parts: The other parts.
    """

    total: str
    parts: tuple[str, ...]

    def build(self, graph: GraphBuilder, finished: Mapping[str, Finished]) -> Output:
        """See `Derived`."""
        sources = [finished[name] for name in (self.total, *self.parts)]
        scale = lcm(*(each.scale for each in sources))
        rest, *parts = (Conversion.between(each.scale, scale).down(graph, each.units) for each in sources)
        for part in parts:
            rest = graph.op("Sub", rest, part)
        if self.options.type is not ColumnType.INTEGER:
            rest = graph.op("Div", graph.cast(rest, np.float64), graph.constant(float(scale), np.float64))
        return _where_valid(graph, rest, _validities(sources))


@dataclass(frozen=True)
class Computed(_Unconditional):
    """A number that a formula makes of other columns.

    Attributes:
        expression: The formula.
        factor: If it is a multiple of one drawn number, plus an offset: the factor, and
        offset: the offset.
        limits: Then, its lowest and highest value. It takes conditions.
    """

    expression: Expression
    factor: float = 0.0
    offset: float = 0.0
    limits: tuple[float, float] = (0.0, 0.0)

    @property
    def source(self) -> str:  # type: ignore[override]  # a constant of the others
        """See `Derived`."""
        return expressions.columns(self.expression)[0]

    @property
    def condition(self) -> ConditionSpec | None:  # type: ignore[override]  # a constant of the others
        """See `Derived`: a RANGE, if the column can only be in it if its source is in another one."""
        if not self.factor:
            return None
        low, high = (str(int(end)) if self.options.type is ColumnType.INTEGER else repr(end) for end in self.limits)
        return ConditionSpec(
            column=self.name,
            kind=CONDITION_KIND_RANGE,
            nullable=self.nullable,
            low=low,
            high=high,
            unit=self.options.unit,
        )

    def restricted(self, graph: GraphBuilder, condition: Value, of_source: Value) -> Value:
        """See `Derived`: the range of the source."""
        ends = condition
        if self.factor < 0:
            ends = graph.op("Gather", condition, graph.constant([1, 0], np.int64), axis=1)
        moved = graph.op("Sub", ends, graph.constant(self.offset, np.float64))
        moved = graph.op("Div", moved, graph.constant(self.factor, np.float64))
        # "Present" are the largest doubles, which must not become infinite: that would mean "unset".
        most = graph.constant(np.finfo(np.float64).max, np.float64)
        bounded = graph.op("Min", graph.op("Max", moved, graph.op("Neg", most)), most)
        ends = graph.op("Where", graph.op("IsInf", ends), moved, bounded)
        lows = [graph.slice(each, 0, 1, 1) for each in (ends, of_source)]
        highs = [graph.slice(each, 1, 2, 1) for each in (ends, of_source)]
        low, high = graph.op("Max", *lows), graph.op("Min", *highs)
        both = graph.op("Concat", low, high, axis=1)
        # A missing source is a missing value here: one condition asks for it, and the other one does not exclude it.
        missing = [graph.op("IsNaN", each) for each in lows]
        agree = [graph.op("Or", one, _unset(graph, each)) for one, each in zip(missing, (ends, of_source), strict=True)]
        contradict = graph.op(
            "Where", graph.op("And", *agree), graph.constant([[np.nan] * 2]), graph.constant([[1.0, -1.0]])
        )
        return graph.op("Where", graph.op("Or", *missing), contradict, both)

    def build(self, graph: GraphBuilder, finished: Mapping[str, Finished]) -> Output:
        """See `Derived`."""
        names = expressions.columns(self.expression)
        temporal = expressions.temporal(self.expression)
        numbers = {name: finished[name].output.values for name in names if name not in temporal}
        moments = {name: Moment(finished[name].units, finished[name].scale) for name in temporal}
        formulas = Formulas(graph, numbers, moments)
        value = formulas.computed(self.expression)
        valid = _validities([finished[name] for name in names])
        if expressions.divides(self.expression):
            finite = graph.op("Not", graph.op("Or", graph.op("IsInf", value), graph.op("IsNaN", value)))
            value = graph.op("Where", finite, value, graph.constant(0.0, np.float64))
            valid.append(finite)
        decimals = 0 if self.options.type is ColumnType.INTEGER else self.options.decimals
        if decimals is not None:
            value = formulas.rounded(value, decimals)
        if self.options.type is ColumnType.INTEGER:
            value = graph.cast(value, np.int64)
        return _where_valid(graph, value, valid)


def _unset(graph: GraphBuilder, condition: Value) -> Value:
    """Whether a range is open at both ends: bool [1, 1]."""
    infinite = graph.cast(graph.op("IsInf", condition), np.int32)
    return graph.cast(graph.op("ReduceMin", infinite, graph.constant([1], np.int64), keepdims=1), np.bool_)


def _validities(finished: list[Finished]) -> list[Value]:
    return [each.output.validity for each in finished if each.output.validity is not None]


def _where_valid(graph: GraphBuilder, values: Value, validities: list[Value]) -> Output:
    """The values, missing where one of the validities is false."""
    valid: Value | None = None
    for each in validities:
        valid = each if valid is None else graph.op("And", valid, each)
    if valid is None:
        return Output(values)
    kept = graph.op("Mul", values, graph.op("CastLike", valid, values))
    return Output(kept, valid)
