"""Columns of dates and timestamps that are counted from an earlier one as tokens, in a graph."""

from dataclasses import dataclass, replace

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.scoring.numbers import NumberEncoder
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class DifferenceEncoder:
    """A column that is counted from another one.

    Attributes:
        code: Its tokens.
        origin: The values of the other one, int64 [batch]; empty: not yet known.
    """

    code: DifferenceCode
    origin: Value = ""

    def after(self, origin: Value) -> "DifferenceEncoder":
        """The column in rows with these starts."""
        return replace(self, origin=origin)

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are int32 days, or int64 microseconds."""
        counted = graph.op("Sub", graph.cast(values, np.int64), self.origin)
        if limits is not None:
            ends = (limits.low, limits.high)
            limits = Limits(*(None if end is None else graph.op("Sub", end, self.origin) for end in ends))
        coded = NumberEncoder(self.code.number, whole=True).encode(graph, counted, validity, limits)
        return replace(coded, units=graph.op("Add", self.origin, coded.units or ""))
