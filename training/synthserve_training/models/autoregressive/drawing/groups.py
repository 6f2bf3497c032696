"""Draws columns of many categories: the group, and the member."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, CONDITION_KIND_SET, Column, ConditionSpec
from synthserve_training.models.autoregressive.drawing.columns import Drawn, Evidence
from synthserve_training.models.autoregressive.drawing.conditions import told
from synthserve_training.models.autoregressive.drawing.heads import MASKED, Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens.groups import GroupedCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output
from synthserve_training.tables.columns import ColumnOptions
from synthserve_training.tables.schema import column_schema


@dataclass(frozen=True)
class GroupGraph:
    """A column of many categories.

    Attributes:
        options: The column.
        code: Its tokens.
    """

    options: ColumnOptions
    code: GroupedCode

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        column = column_schema(self.options, COLUMN_TYPE_CATEGORY, nullable=self.code.missing)
        column.categories.extend(self.code.values.values)
        return column

    @property
    def condition(self) -> ConditionSpec:
        """A SET of its values."""
        return ConditionSpec(column=self.options.name, kind=CONDITION_KIND_SET, nullable=self.code.missing)

    @property
    def condition_shape(self) -> tuple[type, int]:
        """Which values are allowed."""
        return np.bool_, self.code.values.tokens[0].size

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """See `ColumnGraph`."""
        code, count = self.code, len(self.code.values.values)
        allowed = graph.cast(condition, np.float32)
        least = graph.op("ReduceMin", allowed, graph.constant([1], np.int64), keepdims=1)
        # The values of each group, [groups, members]; what is behind the last member is not there.
        padded = graph.op(
            "Concat", graph.slice(allowed, 0, count, 1), graph.constant(np.zeros((1, 1), np.float32)), axis=1
        )
        places = np.where(code.members >= 0, code.members, count)
        by_member = graph.op(
            "Gather", graph.op("Reshape", padded, graph.constant([-1], np.int64)), graph.constant(places)
        )
        value_shares = np.where(code.members >= 0, code.values.shares[np.maximum(code.members, 0)], 0) + 1e-12
        within = (value_shares / value_shares.sum(axis=1, keepdims=True)).astype(np.float32)
        weighted = graph.sum(graph.op("Mul", by_member, graph.constant(within)), 1)
        left = graph.op("Reshape", weighted, graph.constant([1, -1], np.int64))
        mask = graph.op(
            "Where", graph.cast(by_member, np.bool_), graph.constant(np.float32(0)), graph.constant(np.float32(MASKED))
        )
        if code.missing:
            left = graph.op("Concat", left, graph.slice(allowed, count, count + 1, 1), axis=1)
            mask = graph.op("Concat", mask, graph.constant(np.zeros((1, mask_width(code)), np.float32)), axis=0)
        total = graph.op("ReduceSum", allowed, keepdims=1)
        single = graph.op("Equal", total, graph.constant(np.float32(1)))
        chosen = graph.op("MatMul", graph.sum(by_member, 0, keep=True), graph.constant(weights[1].embeddings[1:]))
        if code.missing:
            present = graph.op("Sub", graph.constant(np.float32(1)), graph.slice(allowed, count, count + 1, 1))
            single = graph.op("And", single, graph.cast(present, np.bool_))
        rest = graph.op("Where", single, chosen, graph.constant(weights[1].embeddings[:1]))
        found = told(graph, weights, code.shares, left, graph.cast(least, np.bool_), rest)
        return Evidence(found.embedding, found.mask, {"members": mask})

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
        graph, code = heads.graph, self.code
        size, width = code.tokens[0].size, mask_width(code)
        group = heads.first_token(weights[0], seen, evidence.mask, masks(0), size, uniforms)
        seen = heads.add(seen, weights[0].embeddings[1:], group)
        member = heads.next_token(
            code.tokens[1], weights, seen, group, evidence.limits.get("members"), masks(1), uniforms
        )
        row = graph.op("Add", member, graph.constant(1, np.int64))
        known, validity = group, None
        if code.missing:
            validity = graph.op("Less", group, graph.constant(size - 1, np.int64))
            present = graph.cast(validity, np.int64)
            known, row = graph.op("Mul", group, present), graph.op("Mul", row, present)
        seen = heads.add(seen, weights[1].embeddings, row)
        place = graph.op("Add", graph.op("Mul", known, graph.constant(width, np.int64)), member)
        values = graph.op("Gather", graph.constant(np.maximum(code.members, 0).reshape(-1), np.int32), place)
        return Drawn(Output(values, validity), seen, (group, member))


def mask_width(code: GroupedCode) -> int:
    """How many members a group has at most."""
    return int(code.members.shape[1])
