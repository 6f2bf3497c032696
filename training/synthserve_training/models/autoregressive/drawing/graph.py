"""Puts the drawing of all columns of a table into one graph."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from synthserve.v1.manifest_pb2 import NOISE_DISTRIBUTION_UNIFORM, ConditionInput, GraphInput, IndexInput, NoiseInput
from synthserve.v1.schema_pb2 import Column, ConditionSpec, TableSchema
from synthserve_core.contract.model import Validity
from synthserve_training.errors import RecipeError
from synthserve_training.models.autoregressive.drawing.columns import ColumnGraph, Evidence, Ordered
from synthserve_training.models.autoregressive.drawing.conditions import unknown
from synthserve_training.models.autoregressive.drawing.constraints.derived import Derived, Finished
from synthserve_training.models.autoregressive.drawing.constraints.holding import Holding
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.constraints.refusals import refuse_unless
from synthserve_training.models.autoregressive.drawing.constraints.scope import Known
from synthserve_training.models.autoregressive.drawing.dates import DateGraph
from synthserve_training.models.autoregressive.drawing.differences import DifferenceGraph
from synthserve_training.models.autoregressive.drawing.heads import MASKED, RunningSum
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.exact.heads import heads_of
from synthserve_training.models.autoregressive.weights import Weights
from synthserve_training.models.contract import DTYPES, output_name
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output, Row, Rule

NOISE, INDEX = "noise", "index"


@dataclass(frozen=True)
class DrawingGraph:
    """A graph that draws rows, and what a manifest says about it.

    Attributes:
        model: The graph.
        schema: The columns.
        conditions: The conditions that it takes.
        inputs: Its inputs and their roles.
        code_names: The tensors with the codes of each token, int64 [batch], for statistics; no outputs of the graph.
    """

    model: onnx.ModelProto
    schema: TableSchema
    conditions: tuple[ConditionSpec, ...]
    inputs: tuple[GraphInput, ...]
    code_names: tuple[Value, ...]


def drawing_graph(
    names: Sequence[str],
    learned: Sequence[ColumnGraph],
    weights: Weights,
    rules: Mapping[str, Rule],
    delimiter: str = "",
    constraints: Sequence[Constraint] = (),
    derived: Sequence[Derived] = (),
) -> DrawingGraph:
    """Builds the graph.

    Args:
        names: All columns, in the order of the table.
        learned: The columns that the network draws, in the order in which it does.
        weights: Of the network.
        rules: The other columns, by name.
        delimiter: `TableSchema.csv_delimiter`.
        constraints: What holds in every row.
        derived: The columns that follow from others, each after those that it follows from.
    """
    graph = GraphBuilder()
    uniforms, heads = Uniforms(graph, NOISE), heads_of(graph, weights)
    own = _by_column(learned, weights)
    outputs: dict[str, Output] = {}
    schemas: dict[str, Column] = {each.schema.name: each.schema for each in learned}
    schemas |= {each.name: each.schema for each in derived}
    asked = (*(each.condition for each in learned), *(each.condition for each in derived))
    specs = [each for each in asked if each is not None]
    inputs = [_condition_input(each.column) for each in specs]
    codes: list[Value] = []
    refusals: list[Value] = []

    conditions = _conditions(graph, learned, derived)
    evidence = [_evidence(graph, one, each, learned, conditions) for one, each in zip(own, learned, strict=True)]
    for told, each in zip(evidence, learned, strict=True):
        if told.mask is not None:
            refusals.append(refuse_unless(graph, _any_left(graph, told.mask), _reason(each, derived)))
    columns = {each.schema.name: each for each in learned}
    holding = Holding(graph, columns, dict(zip(columns, evidence, strict=True)), constraints)
    refusals += [refuse_unless(graph, possible, reason) for possible, reason in holding.demands]
    shared: Value | None = None
    for told in evidence:
        shared = told.embedding if shared is None else graph.op("Add", shared, told.embedding)
    if shared is not None and refusals:
        shared = graph.op("Sum", shared, *refusals)
    # Without learnt columns nothing reads it.
    before = shared or ""
    rows: Value | None = None
    finished: dict[str, Finished] = {}
    for one, each, told in zip(own, learned, evidence, strict=True):
        nothing = graph.constant(unknown(one))
        without = graph.op("Sub", before, told.embedding)
        seen = RunningSum(rows, graph.op("Add", without, nothing))
        name = each.schema.name
        masks = _of_first_token(holding.mask(name))
        if isinstance(each, DifferenceGraph):
            each = each.after(finished[each.code.start].units)
        drawn = each.draw(heads, one, told, seen, uniforms, masks, holding.limits(name))
        holding.learn(name, Known(drawn.codes, drawn.units, drawn.output.validity))
        rows, before = drawn.seen.rows, without
        outputs[name] = drawn.output
        codes.extend(drawn.codes)
        scale = each.scale if isinstance(each, Ordered) else 1
        finished[name] = Finished(drawn.output, drawn.codes[0], drawn.units or "", scale)
    for follows in derived:
        outputs[follows.name] = follows.build(graph, finished)
        finished[follows.name] = Finished(outputs[follows.name])

    uses_index = any(rule.uses_index for rule in rules.values())
    if uses_index:
        graph.input(INDEX, np.int64, [])
    row = Row(INDEX if uses_index else "", uniforms.rows, outputs, schemas)
    for name in _rule_order(rules):
        schemas[name] = rules[name].schema(name, schemas)
        outputs[name] = rules[name].build(graph, row)

    schema = TableSchema(columns=[schemas[name] for name in names], csv_delimiter=delimiter)
    for name in names:
        _add_output(graph, schemas[name], outputs[name])
    roles = list(inputs)
    if uniforms.count:
        graph.input(NOISE, np.float32, [uniforms.count])
        noise = NoiseInput(distribution=NOISE_DISTRIBUTION_UNIFORM, shape=[uniforms.count])
        roles.insert(0, GraphInput(name=NOISE, noise=noise))
    if uses_index:
        roles.append(GraphInput(name=INDEX, index=IndexInput()))
    model = graph.build()
    return DrawingGraph(model, schema, tuple(specs), tuple(roles), tuple(codes))


def _of_first_token(mask: Value | None) -> Callable[[int], Value | None]:
    return lambda token: mask if token == 0 else None


def _by_column(learned: Sequence[ColumnGraph], weights: Weights) -> list[Weights]:
    parts, start = [], 0
    for each in learned:
        count = len(each.code.tokens)
        parts.append(weights[start : start + count])
        start += count
    return parts


def _input_name(column: str) -> str:
    return f"condition:{column}"


def _condition_input(column: str) -> GraphInput:
    return GraphInput(name=_input_name(column), condition=ConditionInput(column=column, shared=True))


def _conditions(graph: GraphBuilder, learned: Iterable[ColumnGraph], derived: Iterable[Derived]) -> dict[str, Value]:
    """The condition on each drawn column: what requests say about it, and about the columns that follow from it."""
    found: dict[str, Value] = {}
    for each in learned:
        if each.condition is not None:
            dtype, width = each.condition_shape
            found[each.schema.name] = graph.input(_input_name(each.schema.name), dtype, [width], shared=True)
    for one in derived:
        if one.condition is not None:
            dtype, width = one.condition_shape
            condition = graph.input(_input_name(one.name), dtype, [width], shared=True)
            found[one.source] = one.restricted(graph, condition, found[one.source])
    return found


def _evidence(
    graph: GraphBuilder,
    weights: Weights,
    column: ColumnGraph,
    learned: Sequence[ColumnGraph],
    conditions: Mapping[str, Value],
) -> Evidence:
    """What conditions say about a column: that on itself, and those on columns that are counted from it."""
    name = column.schema.name
    if name not in conditions:
        return Evidence(graph.constant(unknown(weights)), None, {})
    if isinstance(column, DifferenceGraph):
        return column.evidence(graph, weights, conditions[name], conditions[column.code.start])
    if isinstance(column, DateGraph):
        counted = [each for each in learned if isinstance(each, DifferenceGraph) and each.code.start == name]
        days, scale = column.code.first_days, column.scale
        likelihoods = [each.likelihood(graph, conditions[each.schema.name], days, scale) for each in counted]
        return column.evidence(graph, weights, conditions[name], likelihoods)
    return column.evidence(graph, weights, conditions[name])


def _any_left(graph: GraphBuilder, mask: Value) -> Value:
    """Whether conditions leave a code: bool [1]."""
    best = graph.op("ReduceMax", graph.op("Reshape", mask, graph.constant([-1], np.int64)), keepdims=1)
    return graph.op("Greater", best, graph.constant(np.float32(MASKED / 2)))


def _reason(column: ColumnGraph, derived: Iterable[Derived]) -> str:
    """Why conditions on a column leave nothing of it."""
    name = column.schema.name
    if isinstance(column, DifferenceGraph):
        least, most = column.durations
        return (
            f"no value of {name!r} fulfils these conditions: in every row, it is {least} to {most} after "
            f"{column.code.start!r}"
        )
    follow = [each.text for each in derived if each.source == name and each.condition is not None]
    if not follow:
        return f"the model has learnt no value of {name!r} that fulfils its condition"
    return f"no value of {name!r} fulfils these conditions: in every row, {' and '.join(follow)}"


def _add_output(graph: GraphBuilder, column: Column, output: Output) -> None:
    dtype, shape = DTYPES[column.type], [column.max_bytes] if column.max_bytes else []
    graph.output(output_name(column.name), output.values, dtype, shape)
    if column.nullable:
        validity = output.validity or graph.constant([True])
        graph.output(output_name(Validity(column.name)), validity, np.bool_)


def _rule_order(rules: Mapping[str, Rule]) -> list[str]:
    """The rules so that each follows those that it refers to."""
    done: list[str] = []
    waiting = list(rules)
    while waiting:
        ready = [name for name in waiting if not any(other in waiting for other in rules[name].references)]
        if not ready:
            raise RecipeError(f"the rules of {', '.join(waiting)} refer to each other in a circle")
        done += ready
        waiting = [name for name in waiting if name not in ready]
    return done
