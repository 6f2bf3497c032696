"""The network of whole numbers: rows are the same bits everywhere, as an oracle of Python's integers computes them."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from tests.fixtures.token_models import column, every_kind, model_of, portable_model

from synthserve_core.compute.feeds import feeds
from synthserve_training.errors import ExportError
from synthserve_training.export.packets import packet
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.correction import corrected, head_scores, softmax
from synthserve_training.models.autoregressive.exact.quantising import check, quantised
from synthserve_training.models.autoregressive.exact.weights import ExactHead
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedTable

_ROWS = 512
_PLACES = 2**20
"""Weights times this number are whole: they are multiples of powers of two that are not smaller."""


def small_table(rows: int = 600) -> TypedTable:
    generator = np.random.default_rng(5)
    first = generator.integers(0, 3, rows)
    return TypedTable(
        [
            column(ColumnType.CATEGORY, np.array(["a", "b", "c"])[first], generator.random(rows) > 0.2),
            column(ColumnType.INTEGER, np.where(generator.random(rows) < 0.3, 7, generator.integers(0, 5000, rows))),
            column(ColumnType.BOOLEAN, generator.random(rows) < 0.3),
        ]
    )


def exact_model(table: TypedTable) -> TableModel:
    model = model_of(table)
    return replace(model, weights=quantised(model.weights, model.code.tokens, model.code.encode(table)))


def fed(model: TableModel, count: int = _ROWS) -> dict[str, np.ndarray]:
    return feeds(contract.describe(model.graph(), count).generate, 3, 0, count, {}, {}, 0)


def digest(arrays: Sequence[np.ndarray]) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(each).tobytes() for each in arrays)).hexdigest()


class Oracle:
    """Draws tokens with whole numbers of int64; nothing is rounded but where the model says so."""

    def __init__(self, noise: np.ndarray) -> None:
        self._noise = (noise * 2**24).astype(np.int64)
        self._taken = 0

    def uniform(self) -> np.ndarray:
        self._taken += 1
        return self._noise[:, self._taken - 1]

    def draw(
        self, head: ExactHead, state: np.ndarray, context: np.ndarray | None, allowed: np.ndarray | None
    ) -> np.ndarray:
        seen = np.clip(rounded(state), -128, 127)
        for layer in (head.first, head.second):
            seen = np.clip(rounded(seen @ whole(layer[0]) + whole(layer[1])), 0, 255)
        hidden = seen
        scores = hidden @ whole(head.last[0]) + whole(head.last[1])
        if context is not None and head.context_scores is not None:
            scores = scores + whole(head.context_scores)[context]
        below = (np.where(True if allowed is None else allowed, scores, -(2**60))).max(axis=1, keepdims=True) - scores
        steps = np.minimum(below // _PLACES, 8191)
        powers = np.maximum(1, np.rint(2.0**20 * np.exp(-steps / 256)).astype(np.int64))
        powers = np.where(below // _PLACES >= 8192, 0, powers)
        if allowed is not None:
            powers = np.where(allowed, powers, 0)
        sums = np.cumsum(powers, axis=1)
        goal = self.uniform() * sums[:, -1] // 2**24
        found: np.ndarray = (sums <= goal[:, None]).sum(axis=1)
        return found


def rounded(values: np.ndarray) -> np.ndarray:
    """Whole numbers over `_PLACES`, rounded; halves to the even number."""
    below, rest = values // _PLACES, values % _PLACES
    found: np.ndarray = below + ((2 * rest > _PLACES) | ((2 * rest == _PLACES) & (below % 2 == 1)))
    return found


def whole(values: np.ndarray) -> np.ndarray:
    found = values.astype(np.float64) * _PLACES
    assert (found == np.rint(found)).all()
    return found.astype(np.int64)


def test_rows_are_those_of_whole_numbers() -> None:
    model = exact_model(small_table())
    given = fed(model)
    rows = evaluate(model.graph().model, given)
    oracle = Oracle(given["noise"])
    state = np.tile(sum(whole(head.embeddings[0]) for head in model.weights), (_ROWS, 1))
    token = 0
    for name, code in zip(model.code.names, model.code.columns, strict=True):
        codes: list[np.ndarray] = []
        for index, one in enumerate(code.tokens):
            head = model.weights[token]
            assert isinstance(head, ExactHead)
            has, context = (np.ones(_ROWS, np.bool_), None) if not index else code.context(index, np.stack(codes, 1))
            allowed = None if context is None or one.allowed is None else one.allowed[context]
            drawn = oracle.draw(head, state, context, allowed)
            table = whole(head.embeddings)
            row = one.row(np.where(has, drawn, -1), np.zeros(_ROWS, np.int64) if context is None else context)
            state = state + table[row] - table[0]
            codes.append(drawn)
            token += 1
        values = rows[output_name(name)]
        if isinstance(code, NumberCode):
            bins = code.bin_of[codes[0]]
            parts = codes[1]
            low, high = code.edges[bins, parts], code.edges[bins, parts + 1]
            free = low + oracle.uniform() * (high - low) // 2**24
            expected = np.where(
                bins >= 0, code.point(free), code.atoms[np.minimum(code.order[codes[0]], len(code.atoms) - 1)]
            )
            np.testing.assert_array_equal(values, code.lattice.values(expected))
        elif name == "category":
            np.testing.assert_array_equal(values, np.where(codes[0] < 3, codes[0], 0))
        else:
            np.testing.assert_array_equal(values, codes[0] == 1)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, "36c20a088987f1e87b1305b51f47a40af721bea7a810803e3179ec5505ba1a66"),
        (
            {
                "condition:number": [[-1.0, 700.0]],
                "condition:kind": [[True, False, True, False]],
                "condition:day": [[20_125.0, 20_190.0]],
            },
            "e98e92f4a4a8a5aeb6be305febc18b62d0e2dd34b084945cc867632f757c9b46",
        ),
    ],
    ids=["free", "told"],
)
def test_rows_have_the_digest_that_they_have_everywhere(conditions: dict[str, Any], expected: str) -> None:
    model = portable_model()
    told = {name: np.array(value) for name, value in conditions.items()}
    rows = evaluate(model.graph().model, fed(model) | told)
    assert digest([rows[name] for name in sorted(rows)]) == expected


def test_runtime_computes_layers_in_bytes_and_the_rows_are_those_of_float32(tmp_path: Path) -> None:
    model = exact_model(small_table())
    graph, given = model.graph().model.SerializeToString(), fed(model)
    levels, rows = onnxruntime.GraphOptimizationLevel, []
    for level in (levels.ORT_DISABLE_ALL, levels.ORT_ENABLE_EXTENDED):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        rows.append(session.run(None, given))
    kinds = [node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node]
    assert kinds.count("QGemm") == 2 * len(model.code.tokens)
    assert all(np.array_equal(plain, fused) for plain, fused in zip(*rows, strict=True))


def test_packet_is_one_row() -> None:
    model = exact_model(small_table())
    assert packet(model.graph().model, fed(model, 64)) == 1


def test_order_of_sums_does_not_matter() -> None:
    """The hidden units of every head and the running sum in another order: other sums, the same rows."""
    model = exact_model(small_table())
    order = np.random.default_rng(0)
    state = order.permutation(model.weights[0].embeddings.shape[1])
    shuffled = []
    for head in model.weights:
        hidden = order.permutation(len(head.second[1]))
        first = head.first[0][state][:, hidden], head.first[1][hidden]
        second = head.second[0][hidden][:, hidden], head.second[1][hidden]
        last = head.last[0][hidden], head.last[1]
        kernel = None if head.class_kernel is None else head.class_kernel[hidden]
        shuffled.append(ExactHead(head.embeddings[:, state], first, second, last, head.context_scores, kernel))
    other = replace(model, weights=shuffled)
    rows, same = evaluate(model.graph().model, fed(model)), evaluate(other.graph().model, fed(other))
    assert all(np.array_equal(rows[name], same[name]) for name in rows)


def test_conditions_give_the_same_rows_in_every_batch() -> None:
    model = exact_model(small_table())
    graph = model.graph().model
    given = fed(model)
    given["condition:integer"] = np.array([[100.0, 3000.0]])
    given["condition:category"] = np.array([[True, False, True, False]])
    rows = evaluate(graph, given)
    assert ((rows[output_name("integer")] >= 100) & (rows[output_name("integer")] <= 3000)).all()
    assert set(rows[output_name("category")]) == {0, 2}
    for size in (1, 3):
        part = {name: values[:size] for name, values in given.items()}
        found = evaluate(graph, part)
        assert all(np.array_equal(values, rows[name][:size]) for name, values in found.items())


def test_scores_are_those_of_the_weights_that_are_drawn_by() -> None:
    table = small_table()
    model = exact_model(table)
    scoring = model.scoring_graph()
    assert scoring is not None
    rows = evaluate(model.graph().model, fed(model))
    found = evaluate(scoring.model, {one.name: rows[one.name] for one in scoring.inputs})
    first = model.code.names[0]
    head, token = model.weights[0], model.code.tokens[0]
    state = np.sum([each.embeddings[:1] for each in model.weights], axis=0)
    shares = softmax(head_scores(token, head, state, np.zeros(1, np.int64)))[0]
    drawn = np.exp(found[f"score:{first}"])
    assert all(np.abs(shares - share).min() < 0.01 for share in np.unique(drawn))


def test_rounded_network_is_close_to_what_it_was_rounded_from() -> None:
    table = every_kind()
    model = model_of(table)
    exact = exact_model(table)
    state = np.sum([each.embeddings[:1] for each in model.weights], axis=0)
    rounded = np.sum([each.embeddings[:1] for each in exact.weights], axis=0)
    context = np.zeros(1, np.int64)
    for token, head, other in zip(model.code.tokens, model.weights, exact.weights, strict=True):
        before, after = (
            softmax(head_scores(token, head, state, context)),
            softmax(head_scores(token, other, rounded, context)),
        )
        np.testing.assert_allclose(after, before, atol=0.03)


def test_network_of_tiny_weights_and_large_biases_is_rounded_closely() -> None:
    table = small_table()
    model = model_of(table)
    tiny = [
        replace(head, last=(head.last[0] * np.float32(1e-7), head.last[1] * np.float32(30))) for head in model.weights
    ]
    exact = quantised(tiny, model.code.tokens, model.code.encode(table))
    states = [np.sum([each.embeddings[:1] for each in weights], axis=0) for weights in (tiny, exact)]
    context = np.zeros(1, np.int64)
    for token, head, other in zip(model.code.tokens, tiny, exact, strict=True):
        before, after = (
            head_scores(token, one, state, context) for one, state in zip((head, other), states, strict=True)
        )
        np.testing.assert_allclose(softmax(after), softmax(before), atol=0.01)


def test_network_of_heads_that_have_died_is_rounded() -> None:
    """Hidden layers that are nearly 0 for all rows, because of their biases."""
    table = small_table()
    model = model_of(table)
    dead = [
        replace(head, first=(head.first[0] * np.float32(1e-3), np.full_like(head.first[1], -20.0)))
        for head in model.weights
    ]
    for weights in (dead, [replace(head, second=(head.second[0], head.second[1] - 50)) for head in dead]):
        exact = quantised(weights, model.code.tokens, model.code.encode(table))
        state = np.sum([each.embeddings[:1] for each in exact], axis=0)
        for token, head, other in zip(model.code.tokens, weights, exact, strict=True):
            before, after = (
                softmax(head_scores(token, one, np.zeros_like(state) if one is head else state, np.zeros(1, np.int64)))
                for one in (head, other)
            )
            np.testing.assert_allclose(after, before, atol=0.01)


def test_corrected_weights_stay_whole() -> None:
    table = small_table()
    model = exact_model(table)
    weights = corrected(model.code, model.weights, model.code.encode(table), seed=0, count=2_000)
    for head in weights:
        assert isinstance(head, ExactHead)
        whole(head.last[1])
    check([head for head in weights if isinstance(head, ExactHead)])


def test_weights_that_are_too_large_are_refused() -> None:
    model = exact_model(small_table())
    head = model.weights[0]
    assert isinstance(head, ExactHead)
    large = replace(head, last=(head.last[0], head.last[1] + np.float32(2**23)))
    with pytest.raises(ExportError, match="a score may exceed"):
        check([large])


def test_no_operation_of_the_graph_is_approximated() -> None:
    graph: onnx.ModelProto = exact_model(small_table()).graph().model
    per_row = {node.op_type for node in graph.graph.node} - {"Log"}  # of conditions, once for all rows
    assert not per_row & {"Exp", "Softmax", "Sigmoid", "Tanh", "Erf", "Pow", "Sqrt"}
