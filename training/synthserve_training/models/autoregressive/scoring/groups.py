"""Columns of many categories as tokens, in a graph."""

from dataclasses import dataclass

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.scoring.categories import CategoryEncoder
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.tokens import UNKNOWN
from synthserve_training.models.autoregressive.tokens.groups import GroupedCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class GroupEncoder:
    """A column of many categories.

    Attributes:
        code: Its tokens.
    """

    code: GroupedCode

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are int32, and have no order."""
        single = CategoryEncoder(self.code.values).encode(graph, values, validity, limits)
        groups, members = self.code.places
        # Behind the values: the missing one, and one that is never drawn.
        nothing = [UNKNOWN]
        group_of = np.r_[groups, [len(self.code.members)] if self.code.missing else [], nothing].astype(np.int64)
        member_of = np.r_[members, nothing if self.code.missing else [], nothing].astype(np.int64)
        code = single.codes[0]
        unknown = graph.op("Equal", code, graph.constant(UNKNOWN, np.int64))
        at = graph.op("Where", unknown, graph.constant(len(group_of) - 1, np.int64), code)
        group = graph.op("Gather", graph.constant(group_of), at)
        member = graph.op("Gather", graph.constant(member_of), at)
        context = graph.op("Max", group, graph.constant(0, np.int64))
        return Coded((group, member), (None, context), single.drawable, single.floor, single.log_points)
