"""Columns of texts with templates as tokens, in a graph."""

from dataclasses import dataclass

import numpy as np

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.tokens.templates import TemplateCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class TemplateEncoder:
    """A column of texts with templates. All texts of a template are equally likely.

    Attributes:
        code: Its tokens.
        width: The bytes of a text.
    """

    code: TemplateCode
    width: int

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`; the values are uint8 [batch, bytes], and have no order."""
        del limits
        count = len(self.code.templates)
        # At most one template fits a text: the sum over all is the number of that one, from 1, or 0.
        numbers = graph.constant(np.arange(1, count + 1), np.float32)
        fitting = graph.op("Where", self._fits(graph, values), numbers, graph.constant(0, np.float32))
        number = graph.cast(graph.sum(fitting, 1), np.int64)
        code = graph.op("Sub", number, graph.constant(1, np.int64))
        drawable = graph.op("Greater", number, graph.constant(0, np.int64))
        logs = [0.0, *(sum(np.log(len(place)) for place in template.places) for template in self.code.templates)]
        log_points = graph.op("Gather", graph.constant(logs, np.float64), number)
        if validity is not None:
            code = graph.op("Where", validity, code, graph.constant(count, np.int64))
            drawable = graph.op("Or", drawable, graph.op("Not", validity))
            log_points = graph.op("Where", validity, log_points, graph.constant(0.0, np.float64))
        return Coded((code,), (None,), drawable, graph.constant([np.log(self.code.rare)]), log_points)

    def _fits(self, graph: GraphBuilder, values: Value) -> Value:
        """Whether each template fits each text: bool [batch, templates]."""
        found: Value | None = None
        for place in range(self.width):
            allowed = np.zeros((256, len(self.code.templates)), np.bool_)
            for number, template in enumerate(self.code.templates):
                bytes_ = template.byte_places[place : place + 1]
                allowed[list(bytes_[0]) if bytes_ else 0, number] = True
            rows, row_of = np.unique(allowed, axis=0, return_inverse=True)
            byte = graph.op("Gather", values, graph.constant(place, np.int64), axis=1)
            row = graph.op("Gather", graph.constant(row_of.reshape(-1), np.int32), graph.cast(byte, np.int32))
            here = graph.op("Gather", graph.constant(rows), row)
            found = here if found is None else graph.op("And", found, here)
        if found is None:
            raise ValueError("a text has at least one byte")
        return found
