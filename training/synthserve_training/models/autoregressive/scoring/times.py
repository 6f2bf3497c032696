"""Columns of times and durations, which a graph has as text, as tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.scoring.numbers import NumberEncoder
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value

_SECOND = 1_000_000
_UNITS = {"%H": 3600 * _SECOND, "%I": 3600 * _SECOND, "%M": 60 * _SECOND, "%S": _SECOND, "%f": 1}
_HALF_DAY = 12 * 3600 * _SECOND
_ZERO = ord("0")


@dataclass(frozen=True)
class TimeEncoder:
    """A column of times.

    Attributes:
        code: Its tokens, of microseconds.
        pieces: The directives and literals of its pattern, with their widths in bytes; see `TimeGraph`.
    """

    code: NumberCode
    pieces: Sequence[tuple[str, int]]

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are uint8 [batch, bytes]. Text of another form gives any time."""
        micros, start = graph.constant([0], np.int64), 0
        for piece, width in self.pieces:
            text = graph.cast(graph.slice(values, start, start + width, 1), np.int64)
            start += width
            if piece in _UNITS:
                micros = graph.op(
                    "Add",
                    micros,
                    graph.op("Mul", self._number(graph, text, piece), graph.constant(_UNITS[piece], np.int64)),
                )
            elif piece == "%p":
                later = graph.op("Equal", graph.slice(text, 0, 1, 1), graph.constant(ord("P"), np.int64))
                flat = graph.op("Reshape", graph.cast(later, np.int64), graph.constant([-1], np.int64))
                micros = graph.op("Add", micros, graph.op("Mul", flat, graph.constant(_HALF_DAY, np.int64)))
        return NumberEncoder(self.code, whole=True).encode(graph, micros, validity, limits)

    def _number(self, graph: GraphBuilder, text: Value, piece: str) -> Value:
        width = dict(self.pieces)[piece]
        powers = graph.constant([[10**place for place in reversed(range(width))]], np.int64)
        number = graph.sum(graph.op("Mul", graph.op("Sub", text, graph.constant(_ZERO, np.int64)), powers), 1)
        return graph.op("Mod", number, graph.constant(12, np.int64)) if piece == "%I" else number
