"""Puts the scoring of all learnt columns into one graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from synthserve.v1.manifest_pb2 import DataInput, GraphInput, GraphOutput, ScoreOutput
from synthserve.v1.schema_pb2 import Column
from synthserve_core.contract.model import Validity
from synthserve_training.models.autoregressive.drawing.heads import RunningSum
from synthserve_training.models.autoregressive.exact.heads import heads_of
from synthserve_training.models.autoregressive.scoring.columns import Coded, ColumnEncoder
from synthserve_training.models.autoregressive.tokens import Token
from synthserve_training.models.autoregressive.weights import Weights
from synthserve_training.models.contract import DTYPES, output_name
from synthserve_training.models.onnx_graph import GraphBuilder, Value

TOTAL = "score"

Masks = Callable[[int, Sequence[Value]], Value | None]
"""What constraints add to the scores of a token, float32 [size, batch]; None: nothing. It depends on the token's number
and on the codes of all tokens, int64 [batch] each, of which only earlier ones count."""


@dataclass(frozen=True)
class ScoringGraph:
    """A graph that scores rows, and what a manifest says about it.

    Attributes:
        model: The graph.
        inputs: The learnt columns and their validities.
        outputs: The scores of the learnt columns, and their sum. Columns that a rule makes have none.
    """

    model: onnx.ModelProto
    inputs: tuple[GraphInput, ...]
    outputs: tuple[GraphOutput, ...]


@dataclass(frozen=True)
class ScoredColumn:
    """A learnt column.

    Attributes:
        schema: The column in the manifest.
        tokens: Its tokens.
        encoder: How its values become tokens.
    """

    schema: Column
    tokens: Sequence[Token]
    encoder: ColumnEncoder


def scoring_graph(
    columns: Sequence[ScoredColumn], weights: Weights, masks: Masks = lambda _token, _codes: None
) -> ScoringGraph:
    """Builds the graph.

    Args:
        columns: The learnt columns, in the order in which they are drawn.
        weights: Of the network.
        masks: What constraints add to the scores.
    """
    graph = GraphBuilder()
    heads = heads_of(graph, weights)
    inputs: list[GraphInput] = []
    coded = [_encoded(graph, column, inputs) for column in columns]
    codes = [code for each in coded for code in each.codes]
    unknown = np.stack([each.embeddings[0] for each in weights])
    rows: Value | None = None
    outputs: list[GraphOutput] = []
    scores: list[Value] = []
    index = 0
    for column, each in zip(columns, coded, strict=True):
        logs: list[Value] = []
        for token, code, context in zip(column.tokens, each.codes, each.contexts, strict=True):
            seen = RunningSum(rows, graph.constant(unknown[index:].sum(axis=0, keepdims=True)))
            log = heads.log_probability(token, weights[index], seen, code, context, masks(index, codes))
            logs.append(log)
            row = _row(graph, token, code, context)
            rows = heads.add(seen, weights[index].embeddings, row).rows
            index += 1
        score = graph.op("Sub", graph.op("Sum", *logs), each.log_points)
        score = graph.op("Where", each.drawable, score, each.floor)
        scores.append(score)
        name = f"{TOTAL}:{column.schema.name}"
        graph.output(name, score, np.float64)
        outputs.append(GraphOutput(name=name, score=ScoreOutput(column=column.schema.name)))
    graph.output(TOTAL, graph.op("Sum", *scores), np.float64)
    outputs.append(GraphOutput(name=TOTAL, score=ScoreOutput()))
    return ScoringGraph(graph.build("score"), tuple(inputs), tuple(outputs))


def _row(graph: GraphBuilder, token: Token, code: Value, context: Value | None) -> Value:
    """`Token.row` in a graph."""
    one = graph.constant(1, np.int64)
    row = graph.op("Add", code, one)
    if token.rows == token.size + 1 or context is None:
        return row
    offset = graph.op("Mul", context, graph.constant(token.size, np.int64))
    zero = graph.constant(0, np.int64)
    return graph.op("Add", row, graph.op("Where", graph.op("Equal", row, zero), zero, offset))


def _encoded(graph: GraphBuilder, column: ScoredColumn, inputs: list[GraphInput]) -> Coded:
    """Adds the inputs of a column, and what makes tokens of them."""
    name = column.schema.name
    shape = [column.schema.max_bytes] if column.schema.max_bytes else []
    values = graph.input(output_name(name), DTYPES[column.schema.type], shape)
    inputs.append(GraphInput(name=values, data=DataInput(column=name)))
    validity = None
    if column.schema.nullable:
        validity = graph.input(output_name(Validity(name)), np.bool_, [])
        inputs.append(GraphInput(name=validity, data=DataInput(validity=name)))
    return column.encoder.encode(graph, values, validity)
