"""Draws columns of categories and truth values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synthserve.v1.schema_pb2 import (
    COLUMN_TYPE_BOOL,
    COLUMN_TYPE_CATEGORY,
    CONDITION_KIND_SET,
    Column,
    ConditionSpec,
)
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.conditions import told
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.schema import column_schema


@dataclass(frozen=True)
class CategoryGraph:
    """A column of categories or truth values.

    Attributes:
        options: The column.
        code: Its tokens.
    """

    options: ColumnOptions
    code: CategoryCode

    @property
    def _is_bool(self) -> bool:
        return self.options.type is ColumnType.BOOLEAN

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        column = column_schema(
            self.options, COLUMN_TYPE_BOOL if self._is_bool else COLUMN_TYPE_CATEGORY, nullable=self.code.missing
        )
        if not self._is_bool:
            column.categories.extend(self.code.values)
        return column

    @property
    def condition(self) -> ConditionSpec:
        """A SET of its values."""
        return ConditionSpec(column=self.options.name, kind=CONDITION_KIND_SET, nullable=self.code.missing)

    @property
    def condition_shape(self) -> tuple[type, int]:
        """Which codes are allowed."""
        return np.bool_, self.code.tokens[0].size

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """See `ColumnGraph`."""
        left = graph.cast(condition, np.float32)
        least = graph.op("ReduceMin", left, graph.constant([1], np.int64), keepdims=1)
        found = told(graph, weights, self.code.shares, left, graph.cast(least, np.bool_))
        return Evidence(found.embedding, found.mask, {})

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
        validity = None
        value = code
        if self.code.missing:
            missing = graph.op("Equal", code, graph.constant(size - 1, np.int64))
            validity = graph.op("Not", missing)
            value = graph.op("Mul", code, graph.cast(validity, np.int64))
        if self._is_bool:
            return Drawn(Output(graph.op("Equal", value, graph.constant(1, np.int64)), validity), seen, (code,))
        return Drawn(Output(graph.cast(value, np.int32), validity), seen, (code,))
