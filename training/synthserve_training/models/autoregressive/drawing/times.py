"""Draws columns of times of day and durations, which a graph puts out as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synthserve.v1.schema_pb2 import COLUMN_TYPE_STRING, CONDITION_KIND_RANGE, Column, ConditionSpec
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits, Reach
from synthserve_training.models.autoregressive.drawing.numbers import NumberGraph
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema

_DEFAULT = "%H:%M:%S"
_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_ZERO = ord("0")


@dataclass(frozen=True)
class TimeGraph:
    """A column of times: text by the first pattern of the column, with the directives %H %I %M %S %f %p.

    Attributes:
        options: The column.
        code: Its tokens, of microseconds.
    """

    options: ColumnOptions
    code: NumberCode

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        column = column_schema(self.options, COLUMN_TYPE_STRING, nullable=self.code.missing)
        column.max_bytes = sum(width for _, width in self.pieces)
        column.csv.pattern = self._pattern
        return column

    @property
    def condition(self) -> ConditionSpec:
        """A RANGE of times."""
        low, high = (self._written(micros) for micros in self._ends)
        return ConditionSpec(
            column=self.options.name, kind=CONDITION_KIND_RANGE, nullable=self.code.missing, low=low, high=high
        )

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The earliest and the latest time, in microseconds."""
        return self._number.condition_shape

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """See `ColumnGraph`."""
        return self._number.evidence(graph, weights, condition)

    def draw(
        self,
        heads: Heads,
        weights: Sequence[HeadWeights],
        evidence: Evidence,
        seen: RunningSum,
        uniforms: Uniforms,
        masks: Callable[[int], Value | None],
        limits: Limits | None = None,
    ) -> Drawn:
        """See `ColumnGraph`."""
        graph = heads.graph
        number = self._number
        rank, validity, seen, codes = number.draw_rank(heads, weights, evidence, seen, uniforms, masks, limits)
        micros = number.units(graph, rank)
        text = self._text(graph, micros)
        if validity is not None:
            present = graph.op("Unsqueeze", graph.cast(validity, np.uint8), graph.constant([1], np.int64))
            text = graph.op("Where", graph.cast(present, np.bool_), text, graph.constant(np.uint8(0)))
        return Drawn(Output(text, validity), seen, codes, micros)

    @property
    def scale(self) -> int:
        """See `Ordered`: microseconds are compared."""
        return self.code.lattice.scale

    @property
    def extent(self) -> tuple[int, int]:
        """See `Ordered`."""
        return self._number.extent

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """See `Ordered`."""
        return self._number.reach(graph, evidence, limits)

    @property
    def _number(self) -> NumberGraph:
        return NumberGraph(self.options.model_copy(update={"type": ColumnType.INTEGER}), self.code)

    @cached_property
    def pieces(self) -> list[tuple[str, int]]:
        """The directives and literals of the pattern, with their widths in bytes."""
        pattern = self._pattern
        widths = {"H": max(2, len(str(self._ends[1] // _HOUR))), "I": 2, "M": 2, "S": 2, "f": 6, "p": 2}
        pieces: list[tuple[str, int]] = []
        place = 0
        while place < len(pattern):
            if pattern[place] == "%" and pattern[place + 1 : place + 2] in widths:
                pieces.append((pattern[place : place + 2], widths[pattern[place + 1]]))
                place += 2
            else:
                pieces.append((pattern[place], len(pattern[place].encode())))
                place += 1
        return pieces

    @property
    def _pattern(self) -> str:
        return self.options.patterns[0] if self.options.patterns else _DEFAULT

    @property
    def _ends(self) -> tuple[int, int]:
        """The earliest and the latest time that can be drawn, microseconds."""
        ranks = self.code.atoms
        if len(self.code.edges):
            ranks = np.r_[ranks, self.code.point(np.array([self.code.edges[0, 0], self.code.edges[-1, -1] - 1]))]
        if not len(ranks):
            return 0, 0
        low, high = self.code.lattice.values(np.array([ranks.min(), ranks.max()]))
        return int(low), int(high)

    def _written(self, micros: int) -> str:
        """A time in the form that conditions accept besides the column's own."""
        seconds, fraction = divmod(micros, _SECOND)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{text}.{fraction:06}" if fraction else text

    def _text(self, graph: GraphBuilder, micros: Value) -> Value:
        """Text of times: int64 [batch] to uint8 [batch, bytes]."""
        hours = graph.op("Div", micros, graph.constant(_HOUR, np.int64))
        half = graph.op("Mod", graph.op("Add", hours, graph.constant(11, np.int64)), graph.constant(12, np.int64))
        numbers = {
            "%H": hours,
            "%I": graph.op("Add", half, graph.constant(1, np.int64)),
            "%M": self._unit(graph, micros, 60 * _SECOND, 60),
            "%S": self._unit(graph, micros, _SECOND, 60),
            "%f": self._unit(graph, micros, 1, _SECOND),
        }
        parts: list[Value] = []
        for piece, width in self.pieces:
            if piece in numbers:
                parts.append(self._digits(graph, numbers[piece], width))
            elif piece == "%p":
                later = self._unit(graph, hours, 12, 2)
                parts.append(graph.op("Gather", graph.constant([list(b"AM"), list(b"PM")], np.uint8), later))
            else:
                row = graph.constant([list(piece.encode())], np.uint8)
                parts.append(graph.op("Gather", row, graph.op("Mul", hours, graph.constant(0, np.int64))))
        return graph.op("Concat", *parts, axis=1)

    def _unit(self, graph: GraphBuilder, value: Value, size: int, count: int) -> Value:
        whole = value if size == 1 else graph.op("Div", value, graph.constant(size, np.int64))
        return graph.op("Mod", whole, graph.constant(count, np.int64))

    def _digits(self, graph: GraphBuilder, value: Value, width: int) -> Value:
        powers = graph.constant([[10**place for place in reversed(range(width))]], np.int64)
        column = graph.op("Unsqueeze", value, graph.constant([1], np.int64))
        digits = graph.op("Mod", graph.op("Div", column, powers), graph.constant(10, np.int64))
        return graph.cast(graph.op("Add", digits, graph.constant(_ZERO, np.int64)), np.uint8)
