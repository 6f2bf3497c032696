"""Puts the scoring of all learnt columns into one graph."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import onnx

from synthserve.v1.manifest_pb2 import DataInput, GraphInput, GraphOutput, ScoreOutput
from synthserve.v1.schema_pb2 import Column
from synthserve_core.contract.model import Validity
from synthserve_training.models.autoregressive.drawing.columns import NO_EVIDENCE, ColumnGraph
from synthserve_training.models.autoregressive.drawing.constraints.holding import Holding
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.constraints.scope import Known
from synthserve_training.models.autoregressive.drawing.heads import MASKED, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import UNLIMITED, Limits
from synthserve_training.models.autoregressive.exact.heads import heads_of
from synthserve_training.models.autoregressive.scoring.columns import Coded, ColumnEncoder
from synthserve_training.models.autoregressive.scoring.differences import DifferenceEncoder
from synthserve_training.models.autoregressive.tokens import Token
from synthserve_training.models.autoregressive.weights import Weights
from synthserve_training.models.contract import DTYPES, output_name
from synthserve_training.models.onnx_graph import GraphBuilder, Value

TOTAL = "score"


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
        drawing: How it is drawn.
        encoder: How its values become tokens.
    """

    drawing: ColumnGraph
    encoder: ColumnEncoder

    @property
    def name(self) -> str:
        """Its name."""
        return self.drawing.schema.name


def scoring_graph(
    columns: Sequence[ScoredColumn], weights: Weights, constraints: Sequence[Constraint] = ()
) -> ScoringGraph:
    """Builds the graph.

    Args:
        columns: The learnt columns, in the order in which they are drawn.
        weights: Of the network.
        constraints: What holds in every row.
    """
    graph = GraphBuilder()
    heads = heads_of(graph, weights)
    inputs: list[GraphInput] = []
    outputs: list[GraphOutput] = []
    scores: list[Value] = []
    unknown = np.stack([each.embeddings[0] for each in weights])
    holding = Holding(
        graph,
        {each.name: each.drawing for each in columns},
        {each.name: NO_EVIDENCE for each in columns},
        constraints,
    )
    off: Value | None = None  # bool [batch]: whether a column before has a value that is not drawn in such a row
    rows: Value | None = None
    units: dict[str, Value] = {}
    index = 0
    for column in columns:
        values, validity = _inputs(graph, column.drawing.schema, inputs)
        mask, limits = _unless(graph, off, holding.mask(column.name), holding.limits(column.name))
        encoder = column.encoder
        if isinstance(encoder, DifferenceEncoder):
            encoder = encoder.after(units[encoder.code.start])
        each = encoder.encode(graph, values, validity, limits)
        units[column.name] = each.units or ""
        masks = each.masks or [None] * len(each.codes)
        logs: list[Value] = []
        for place, token in enumerate(column.drawing.code.tokens):
            code, context = each.codes[place], each.contexts[place]
            added = [one for one in (masks[place], mask if place == 0 else None) if one is not None]
            seen = RunningSum(rows, graph.constant(unknown[index:].sum(axis=0, keepdims=True)))
            whole = graph.op("Sum", *added) if added else None
            logs.append(heads.log_probability(token, weights[index], seen, code, context, whole))
            row = _row(graph, token, code, context)
            rows = heads.add(seen, weights[index].embeddings, row).rows
            index += 1
        kept = _kept(graph, each, validity, mask, limits)
        drawable = reduce(lambda one, other: graph.op("And", one, other), kept, each.drawable)
        score = graph.op("Sub", graph.op("Sum", *logs), each.log_points)
        score = graph.op("Where", drawable, score, each.floor)
        scores.append(score)
        name = f"{TOTAL}:{column.name}"
        graph.output(name, score, np.float64)
        outputs.append(GraphOutput(name=name, score=ScoreOutput(column=column.name)))
        if constraints:
            holding.learn(column.name, Known(each.codes, each.units, validity))
            missed = graph.op("Not", drawable)
            off = missed if off is None else graph.op("Or", off, missed)
    graph.output(TOTAL, graph.op("Sum", *scores), np.float64)
    outputs.append(GraphOutput(name=TOTAL, score=ScoreOutput()))
    return ScoringGraph(graph.build("score"), tuple(inputs), tuple(outputs))


def _unless(
    graph: GraphBuilder, off: Value | None, mask: Value | None, limits: Limits | None
) -> tuple[Value | None, Limits | None]:
    """What constraints leave, or everything in rows that have left what can be drawn."""
    if off is None:
        return mask, limits
    if mask is not None:
        mask = graph.op("Where", off, graph.constant(np.float32(0)), mask)
    if limits is not None:
        unlimited = (graph.constant(-UNLIMITED, np.int64), graph.constant(UNLIMITED, np.int64))
        ends = zip(unlimited, (limits.low, limits.high), strict=True)
        limits = Limits(*(None if end is None else graph.op("Where", off, none, end) for none, end in ends))
    return mask, limits


def _kept(
    graph: GraphBuilder, coded: Coded, validity: Value | None, mask: Value | None, limits: Limits | None
) -> Iterator[Value]:
    """Whether values are among what constraints leave, by each of them: bool [batch]."""
    if mask is not None:
        code = graph.op("Max", coded.codes[0], graph.constant(0, np.int64))
        nothing = graph.cast(graph.op("Mul", code, graph.constant(0, np.int64)), np.float32)
        place = graph.op("Unsqueeze", code, graph.constant([0], np.int64))
        picked = graph.op("GatherElements", graph.op("Add", mask, nothing), place, axis=0)  # one mask for each row
        picked = graph.op("Squeeze", picked, graph.constant([0], np.int64))
        yield graph.op("Greater", picked, graph.constant(np.float32(MASKED / 2)))
    if limits is not None and coded.units is not None:
        for comparison, end in (("GreaterOrEqual", limits.low), ("LessOrEqual", limits.high)):
            if end is not None:
                inside = graph.op(comparison, coded.units, end)
                yield inside if validity is None else graph.op("Or", inside, graph.op("Not", validity))


def _row(graph: GraphBuilder, token: Token, code: Value, context: Value | None) -> Value:
    """`Token.row` in a graph."""
    one = graph.constant(1, np.int64)
    row = graph.op("Add", code, one)
    if token.rows == token.size + 1 or context is None:
        return row
    offset = graph.op("Mul", context, graph.constant(token.size, np.int64))
    zero = graph.constant(0, np.int64)
    return graph.op("Add", row, graph.op("Where", graph.op("Equal", row, zero), zero, offset))


def _inputs(graph: GraphBuilder, schema: Column, inputs: list[GraphInput]) -> tuple[Value, Value | None]:
    """Adds the inputs of a column: its values, and its validity; None: no value is missing."""
    shape = [schema.max_bytes] if schema.max_bytes else []
    values = graph.input(output_name(schema.name), DTYPES[schema.type], shape)
    inputs.append(GraphInput(name=values, data=DataInput(column=schema.name)))
    if not schema.nullable:
        return values, None
    validity = graph.input(output_name(Validity(schema.name)), np.bool_, [])
    inputs.append(GraphInput(name=validity, data=DataInput(validity=schema.name)))
    return values, validity
