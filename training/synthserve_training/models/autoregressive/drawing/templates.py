"""Draws columns of texts with templates: the network draws the template, uniform numbers its characters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synthserve.v1.schema_pb2 import COLUMN_TYPE_STRING, Column
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.templates import TemplateCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output, Row, texts
from synthserve_training.models.rules.patterns.building import sequence
from synthserve_training.models.rules.patterns.nodes import Chain, Listed, Slotted
from synthserve_training.models.rules.scope import Scope
from synthserve_training.tables.columns import ColumnOptions
from synthserve_training.tables.schema import column_schema


@dataclass(frozen=True)
class TemplateGraph:
    """A column of texts with templates.

    Attributes:
        options: The column.
        code: Its tokens.
    """

    options: ColumnOptions
    code: TemplateCode

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        column = column_schema(self.options, COLUMN_TYPE_STRING, nullable=self.code.missing)
        column.max_bytes = max(len(template.byte_places) for template in self.code.templates)
        return column

    condition = None
    condition_shape = (np.bool_, 1)

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """A text takes no condition."""
        raise NotImplementedError

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
        graph, size = heads.graph, self.code.tokens[0].size
        code = heads.first_token(weights[0], seen, evidence.mask, masks(0), size, uniforms)
        seen = heads.add(seen, weights[0].embeddings[1:], code)
        if not self.code.missing:
            return Drawn(Output(self._text(graph, code, uniforms)), seen, (code,))
        validity = graph.op("Less", code, graph.constant(size - 1, np.int64))
        template = graph.op("Mul", code, graph.cast(validity, np.int64))
        present = graph.op("Unsqueeze", validity, graph.constant([1], np.int64))
        text = self._text(graph, template, uniforms)
        text = graph.op("Where", present, text, graph.constant(0, np.uint8))
        return Drawn(Output(text, validity), seen, (code,))

    def _text(self, graph: GraphBuilder, template: Value, uniforms: Uniforms) -> Value:
        """Texts of templates: int64 [batch] to uint8 [batch, bytes]."""
        scope = Scope(graph, Row("", uniforms.rows, {}, {}), self._pattern.uniforms_of_choice)
        text = texts.closed(graph, self._pattern.drawn_of(scope, template))
        return graph.slice(text.value, 0, self.schema.max_bytes, 1)

    @cached_property
    def _pattern(self) -> Slotted:
        chains = []
        for template in self.code.templates:
            made = sequence([Listed(tuple(place)) for place in template.places])
            parts = made.parts if isinstance(made, Chain) else (made,)
            chains.append(tuple(part for part in parts if isinstance(part, Listed)))
        return Slotted.of_chains(chains)
