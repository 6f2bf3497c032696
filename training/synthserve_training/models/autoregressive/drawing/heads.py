"""Draws tokens one after the other: the network's running sum and heads as ONNX nodes.

A code is drawn by inverting the cumulative weights with one uniform number. A code that is not allowed has the weight
0 exactly, and is never drawn: the comparison `<=` skips equal sums, and the uniform numbers are scaled so that the
product with the total stays below the total.

Scores lie as [codes, batch]: so sums along the codes run over whole vectors. What all rows share, such as the sum
before the first column and everything that follows from conditions, is computed once, as one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens import Token
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value

MASKED = -1e9
"""The score of a code that is not allowed: its weight underflows to 0."""


@dataclass
class RunningSum:
    """What the heads see: the sum of the embeddings of what was drawn, and of evidence.

    Attributes:
        rows: float32 [batch, H], or None as long as nothing was drawn.
        shared: float32 [1, H], which all rows have in common.
    """

    rows: Value | None
    shared: Value


class Heads:
    """Adds the nodes of heads to a graph."""

    def __init__(self, graph: GraphBuilder) -> None:
        """Adds to this graph."""
        self._graph = graph

    @property
    def graph(self) -> GraphBuilder:
        """The graph."""
        return self._graph

    def first_token(
        self,
        weights: HeadWeights,
        seen: RunningSum,
        told: Value | None,
        mask: Value | None,
        size: int,
        uniforms: Uniforms,
    ) -> Value:
        """Draws the first token of a column: int64 [batch].

        Args:
            weights: Of the token.
            seen: The running sum without the evidence on this column.
            told: float32 [size, 1]: what conditions add to the scores.
            mask: float32 [size, batch]: what constraints add to them.
            size: How many codes there are.
            uniforms: Uniform numbers.
        """
        scores, _ = self.scores(weights, seen, told)
        if mask is not None:
            scores = self._graph.op("Add", scores, self.in_units(mask))
        return self.draw(scores, size, uniforms)

    def next_token(
        self,
        token: Token,
        weights: Sequence[HeadWeights],
        seen: RunningSum,
        context: Value,
        extra: Value | None,
        mask: Value | None,
        uniforms: Uniforms,
    ) -> Value:
        """Draws a later token of a column: int64 [batch].

        Args:
            token: The token, the one of `weights[1]`.
            weights: Of the token before it, and of the token.
            seen: The running sum with the token before it.
            context: int64 [batch].
            extra: float32 [contexts, size], as in `in_context`.
            mask: float32 [size, batch]: what constraints add to the scores.
            uniforms: Uniform numbers.
        """
        graph = self._graph
        known = graph.op("Sub", seen.shared, graph.constant(weights[0].embeddings[:1]))
        scores, hidden = self.scores(weights[1], RunningSum(seen.rows, known), None)
        scores = self.in_context(token, weights[1], scores, hidden, context, extra)
        if mask is not None:
            scores = graph.op("Add", scores, self.in_units(mask))
        return self.draw(scores, token.size, uniforms)

    def scores(self, weights: HeadWeights, seen: RunningSum, mask: Value | None) -> tuple[Value, Value]:
        """The scores of a token, and the last hidden layer, which they are computed from.

        Args:
            weights: Of the token.
            seen: What the head sees.
            mask: float32 [K, 1], added to the scores: what conditions allow; None: everything.

        Returns:
            float32 [K, batch] and [batch, R]; the batch is 1 as long as nothing was drawn.
        """
        graph = self._graph
        hidden = self.hidden(weights, seen)
        kernel, bias = graph.constant(weights.last[0].T), graph.constant(weights.last[1][:, None])
        if mask is not None:
            bias = graph.op("Add", bias, self.in_units(mask))
        return graph.op("Gemm", kernel, hidden, bias, transB=1), hidden

    def hidden(self, weights: HeadWeights, seen: RunningSum) -> Value:
        """The second hidden layer: float32 [batch, R]."""
        graph = self._graph
        kernel, bias = (graph.constant(array) for array in weights.first)
        values = graph.op("Gemm", seen.shared, kernel, bias)
        if seen.rows is not None:
            values = graph.op("Gemm", seen.rows, kernel, values)
        kernel, bias = (graph.constant(array) for array in weights.second)
        return graph.op("Relu", graph.op("Gemm", graph.op("Relu", values), kernel, bias))

    def in_units(self, logarithms: Value) -> Value:
        """What is added to scores, in their units."""
        return logarithms

    def relative(self, scores: Value) -> Value:
        """What `powers` and `logarithms` take of scores, [K, batch]."""
        top = self._graph.op("ReduceMax", scores, self._graph.constant([0], np.int64), keepdims=1)
        return self._graph.op("Sub", scores, top)

    def powers(self, relative: Value) -> Value:
        """The weights of codes, in proportion to which they are drawn."""
        return self._graph.op("Exp", relative)

    def logarithms(self, relative: Value) -> Value:
        """The logarithms of weights, float64."""
        return self._graph.cast(relative, np.float64)

    def in_context(
        self, token: Token, weights: HeadWeights, scores: Value, hidden: Value, context: Value, extra: Value | None
    ) -> Value:
        """Adds to the scores of a token what its context says.

        Args:
            token: The token.
            weights: Its weights.
            scores: float32 [K, batch].
            hidden: float32 [batch, R].
            context: int64 [batch].
            extra: float32 [contexts, K], added in each context: what conditions allow; None: everything.
        """
        graph = self._graph
        if token.allowed is not None:
            table = np.where(token.allowed, 0.0, MASKED).astype(np.float32)
            if weights.context_scores is not None:
                table = table + weights.context_scores
            known = graph.constant(table)
            if extra is not None:
                known = graph.op("Add", known, self.in_units(extra))
            scores = graph.op("Add", scores, graph.op("Transpose", graph.op("Gather", known, context)))
        if token.classes is not None and weights.class_kernel is not None:
            classes = graph.op("MatMul", hidden, graph.constant(weights.class_kernel))
            which = graph.op("Gather", graph.constant(token.classes, np.int64), context)
            scores = graph.op("Add", scores, graph.op("Transpose", graph.op("GatherElements", classes, which, axis=1)))
        return scores

    def draw(self, scores: Value, size: int, uniforms: Uniforms) -> Value:
        """Draws codes.

        Args:
            scores: float32 [size, batch].
            size: How many codes there are.
            uniforms: Uniform numbers.

        Returns:
            int64 [batch].
        """
        graph = self._graph
        sums = graph.op("CumSum", self.powers(self.relative(scores)), graph.constant(0, np.int64))
        goal = self.goal(graph.slice(sums, size - 1, size, 0), uniforms)
        passed = graph.cast(graph.op("LessOrEqual", sums, goal), np.float32)
        return graph.cast(graph.sum(passed, 0), np.int64)

    def goal(self, total: Value, uniforms: Uniforms) -> Value:
        """A point below the sum of all weights, [1, batch]: codes whose sum is at most as large were passed."""
        return self._graph.op("Mul", uniforms.for_code(), total)

    def log_probability(
        self,
        token: Token,
        weights: HeadWeights,
        seen: RunningSum,
        code: Value,
        context: Value | None,
        mask: Value | None,
    ) -> Value:
        """The logarithm of the probability of codes.

        Args:
            token: The token.
            weights: Of the token.
            seen: What the head sees.
            code: int64 [batch].
            context: int64 [batch]; None: the token has but one.
            mask: float32 [size, batch]: what constraints add to the scores.

        Returns:
            float64 [batch]; 0 where the code is `UNKNOWN`.
        """
        graph = self._graph
        scores, hidden = self.scores(weights, seen, None)
        if context is not None:
            scores = self.in_context(token, weights, scores, hidden, context, None)
        if mask is not None:
            scores = graph.op("Add", scores, self.in_units(mask))
        relative = self.relative(scores)
        total = graph.sum(graph.cast(self.powers(relative), np.float64), 0, keep=True)
        places = graph.op(
            "Unsqueeze", graph.op("Max", code, graph.constant(0, np.int64)), graph.constant([0], np.int64)
        )
        if seen.rows is None:  # all rows share the scores
            size = graph.op("Shape", places)
            shape = graph.op("Concat", graph.constant([token.size], np.int64), graph.slice(size, 1, 2, 0), axis=0)
            relative = graph.op("Expand", relative, shape)
        picked = self.logarithms(graph.op("GatherElements", relative, places, axis=0))
        log = graph.op("Sub", picked, graph.op("Log", total))
        log = graph.op("Squeeze", log, graph.constant([0], np.int64))
        known = graph.op("GreaterOrEqual", code, graph.constant(0, np.int64))
        return graph.op("Where", known, log, graph.constant(0.0, np.float64))

    def add(self, seen: RunningSum, embeddings: NDArray[np.float32], code: Value) -> RunningSum:
        """Adds the embedding of drawn codes, [batch]; `embeddings` has one row for each code."""
        found = self._graph.op("Gather", self._graph.constant(embeddings), code)
        return RunningSum(found if seen.rows is None else self._graph.op("Add", seen.rows, found), seen.shared)
