"""Columns of categories and truth values as tokens, in a graph."""

from dataclasses import dataclass

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.tokens import UNKNOWN
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class CategoryEncoder:
    """A column of categories or truth values. An index that is no category's stands for a value that is never drawn.

    Attributes:
        code: Its tokens.
    """

    code: CategoryCode

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are bool or int32, and have no order."""
        del limits
        count = len(self.code.values)
        index = graph.cast(values, np.int64)
        drawable = graph.op(
            "And",
            graph.op("GreaterOrEqual", index, graph.constant(0, np.int64)),
            graph.op("Less", index, graph.constant(count, np.int64)),
        )
        code = graph.op("Where", drawable, index, graph.constant(UNKNOWN, np.int64))
        if validity is not None:
            code = graph.op("Where", validity, code, graph.constant(count, np.int64))
            drawable = graph.op("Or", drawable, graph.op("Not", validity))
        return Coded((code,), (None,), drawable, graph.constant([np.log(self.code.rare)]), graph.constant([0.0]))
