"""The graph that scores rows: a proper probability, equal to that of the network."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fixtures.token_models import column, every_kind, model_of

from synthserve_core.compute.feeds import feeds
from synthserve_core.contract.model import MethodKind, Validity
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.correction import head_scores, softmax
from synthserve_training.models.autoregressive.scoring.numbers import NO_NUMBER
from synthserve_training.models.autoregressive.tokens import ColumnCode
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedTable

_DRAWN = 2_000

Mixed = tuple[TableModel, dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def mixed() -> Mixed:
    """A model with columns of every kind, and rows that it draws."""
    model = model_of(every_kind())
    return model, drawn(model)


def scores(model: TableModel, rows: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The outputs of the scoring graph; `rows` are its inputs."""
    scoring = model.scoring_graph()
    assert scoring is not None
    return evaluate(scoring.model, {one.name: rows[one.name] for one in scoring.inputs})


def drawn(model: TableModel, count: int = _DRAWN, seed: int = 1) -> dict[str, np.ndarray]:
    drawing = model.graph()
    described = contract.describe(drawing, count)
    return evaluate(drawing.model, feeds(described.generate, seed, 0, count, {}, {}, 0))


def code_of(model: TableModel, name: str) -> ColumnCode:
    return model.code.columns[model.code.names.index(name)]


def inputs_of(table: TypedTable, model: TableModel) -> dict[str, np.ndarray]:
    """Rows as the graph takes them; there are no columns of time among them."""
    found: dict[str, np.ndarray] = {}
    for schema in model.graph().schema.columns:
        each, code = table[schema.name], code_of(model, schema.name)
        if schema.name in (ColumnType.CATEGORY, ColumnType.BOOLEAN):
            values = code.encode(each).codes[:, 0]
        else:
            values = each.values
        found[output_name(schema.name)] = values.astype(contract.DTYPES[schema.type])
        found[output_name(Validity(schema.name))] = each.valid
    return found


def reference(model: TableModel, table: TypedTable) -> np.ndarray:
    """The logarithms of the probabilities of the tokens of rows, [n, tokens], computed with NumPy."""
    encoded = model.code.encode(table)
    state = np.zeros((len(table), model.weights[0].embeddings.shape[1]), np.float32)
    state += np.sum([each.embeddings[0] for each in model.weights], axis=0)
    found = np.zeros(encoded.codes.shape)
    for index, (token, weights) in enumerate(zip(model.code.tokens, model.weights, strict=True)):
        codes, context = encoded.codes[:, index], encoded.contexts[:, index].astype(np.int64)
        raw = head_scores(token, weights, state, context)
        picked = np.log(softmax(raw)[np.arange(len(codes)), np.maximum(codes, 0)])
        found[:, index] = np.where(codes >= 0, picked, 0)
        state = state + weights.embeddings[token.row(codes, context)] - weights.embeddings[0]
    return found


def lattice_points(code: NumberCode, table: TypedTable, name: str) -> np.ndarray:
    """How many numbers have the tokens of each row."""
    each = table[name]
    codes = code.encode(each).codes
    bins = np.where(each.valid, code.bin_of[codes[:, 0]], -1)
    parts = codes[:, 1] if codes.shape[1] > 1 else np.zeros(len(codes), np.int64)
    sizes = np.diff(code.edges, axis=1) if len(code.edges) else np.ones((1, 1), np.int64)
    return np.where(bins >= 0, sizes[bins, np.maximum(parts, 0)], 1)


@given(seed=st.integers(0, 1000), min_rows=st.sampled_from([1, 5]))
@example(seed=371, min_rows=5)  # all numbers of a tail are atoms
@settings(max_examples=8, deadline=None)
def test_probabilities_of_all_rows_that_can_be_drawn_add_up_to_one(seed: int, min_rows: int) -> None:
    generator = np.random.default_rng(seed)
    numbers = np.where(generator.random(90) < 0.3, 4, generator.integers(-9, 12, 90))
    table = TypedTable(
        [
            column(ColumnType.CATEGORY, np.array(["x", "y"])[generator.integers(0, 2, 90)], generator.random(90) > 0.3),
            column(ColumnType.INTEGER, numbers * 3, generator.random(90) > 0.3),
            column(ColumnType.BOOLEAN, generator.random(90) < 0.3),
        ]
    )
    model = model_of(table, min_rows=min_rows, seed=seed)
    code = code_of(model, "integer")
    assert isinstance(code, NumberCode)
    ranks = np.arange(-30, 60)
    ranks = ranks[code.drawable(ranks)]
    cells = list(itertools.product([0, 1, None], [*code.lattice.values(ranks).tolist(), None], [False, True]))
    category, number, flag = zip(*cells, strict=True)
    rows = {
        output_name("category"): np.array([value or 0 for value in category], np.int32),
        output_name("integer"): np.array([value or 0 for value in number], np.int64),
        output_name("boolean"): np.array(flag),
        output_name(Validity("category")): np.array([value is not None for value in category]),
        output_name(Validity("integer")): np.array([value is not None for value in number]),
    }
    assert np.exp(scores(model, rows)["score"]).sum() == pytest.approx(1, abs=1e-5)


def test_scores_are_the_probabilities_of_the_tokens_and_of_a_lattice_point() -> None:
    table = TypedTable([each for each in every_kind().columns if each.options.type is not ColumnType.TIME])
    model = model_of(table)
    found = scores(model, inputs_of(table, model))
    expected = reference(model, table)
    for name, code, first in zip(model.code.names, model.code.columns, model.code.firsts, strict=True):
        logs = expected[:, first : first + len(code.tokens)].sum(axis=1)
        each, known = table[name], np.ones(len(table), np.bool_)
        if isinstance(code, NumberCode):
            logs = logs - np.log(lattice_points(code, table, name))
            known = ~each.valid | code.drawable(code.lattice.ranks(each.values))
            assert 0 < (~known).sum() < 50
        if name not in (ColumnType.DATE, ColumnType.TIMESTAMP):
            np.testing.assert_allclose(found[f"score:{name}"][known], logs[known], atol=2e-5)
    columns = [found[f"score:{name}"] for name in model.code.names]
    np.testing.assert_allclose(found["score"], np.sum(columns, axis=0), atol=1e-9)


def test_dates_have_the_probability_of_month_day_and_time() -> None:
    generator = np.random.default_rng(3)
    days = generator.integers(-400, 800, 3000)
    table = TypedTable(
        [
            column(ColumnType.DATE, days.astype(np.int32), generator.random(3000) > 0.2),
            column(ColumnType.TIMESTAMP, days * 86_400_000_000 + generator.integers(0, 24, 3000) * 3_600_000_000),
        ]
    )
    model = model_of(table, min_rows=1)
    found = scores(model, inputs_of(table, model))
    expected = reference(model, table)
    for name, first in zip(model.code.names, model.code.firsts, strict=True):
        logs = expected[:, first : first + len(code_of(model, name).tokens)].sum(axis=1)
        np.testing.assert_allclose(found[f"score:{name}"], logs, atol=2e-5)


def test_rows_that_were_drawn_are_as_likely_as_the_network_says(mixed: Mixed) -> None:
    model, rows = mixed
    found = scores(model, rows)
    assert all(np.isfinite(values).all() and (values <= 1e-6).all() for values in found.values())
    # The mean of 1 / P(x) over draws x is the number of values that can be drawn: x, y, z, missing.
    assert np.exp(-found["score:category"]).mean() == pytest.approx(4, rel=0.1)


def test_missing_values_are_scored_as_values(mixed: Mixed) -> None:
    model, rows = mixed
    missing = ~rows[output_name(Validity("decimal"))]
    found = scores(model, rows)
    assert 0 < missing.sum() < _DRAWN
    alone = {name: values[missing] for name, values in rows.items()}
    np.testing.assert_allclose(scores(model, alone)["score:decimal"], found["score:decimal"][missing], atol=1e-6)
    garbled = dict(rows)
    garbled[output_name("decimal")] = np.where(missing, np.nan, rows[output_name("decimal")])
    np.testing.assert_array_equal(scores(model, garbled)["score"], found["score"])


def test_integer_that_is_missing_where_none_may_be_has_a_floor() -> None:
    model = model_of(every_kind())
    rows = {name: values[:2].copy() for name, values in drawn(model, 2).items()}
    rows[output_name("integer")][:] = NO_NUMBER
    floor = np.log(code_of(model, "integer").rare / 3 / 200)  # about 200 numbers can be drawn
    assert scores(model, rows)["score:integer"] == pytest.approx(floor, abs=0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 0.005])
def test_number_that_cannot_be_drawn_has_a_finite_floor(value: float, mixed: Mixed) -> None:
    model = mixed[0]
    rows = {name: values[:2].copy() for name, values in mixed[1].items()}
    rows[output_name(Validity("decimal"))][:] = True
    rows[output_name("decimal")][:] = value
    found = scores(model, rows)
    assert np.isfinite(found["score"]).all()
    assert (found["score:decimal"] < np.log(0.01)).all()


def test_floors_fall_with_the_distance_and_add_up_to_less_than_the_rare_share() -> None:
    generator = np.random.default_rng(0)
    table = TypedTable([column(ColumnType.INTEGER, np.rint(generator.normal(0, 50, 3000)).astype(np.int64))])
    model = model_of(table, min_rows=20)
    code = code_of(model, "integer")
    values = np.arange(-100_000, 100_000)
    assert isinstance(code, NumberCode)
    outside = values[~code.drawable(code.lattice.ranks(values))]
    found = scores(model, {output_name("integer"): outside})["score"]
    above = found[outside > 0]
    assert (np.diff(above) < 0).all()
    assert 0 < np.exp(found).sum() <= code.rare
    assert code.rare == pytest.approx(0.5 / 3001 + (~code.drawable(table.columns[0].values)).sum() / 3001)


@pytest.mark.parametrize("index", [-1, 3, 1_000_000])
def test_category_that_the_model_does_not_have_scores_the_share_of_rare_values(index: int) -> None:
    names = np.array(["x", "y", "z", "rare"])[np.r_[np.repeat([0, 1, 2], 30), 3, 3]]
    model = model_of(TypedTable([column(ColumnType.CATEGORY, names)]))
    found = scores(model, {output_name("category"): np.array([index], np.int32)})
    assert found["score"] == pytest.approx(np.log(2.5 / 93))


def test_core_takes_the_method(mixed: Mixed) -> None:
    model = mixed[0]
    drawing, scoring = model.graph(), model.scoring_graph()
    described = contract.describe(drawing, 64, scoring=scoring)
    method = described.methods[MethodKind.SCORE]
    assert set(method.inputs) == {one.name for one in contract.generate(drawing, batch_size=1).outputs}
    assert len(method.outputs) == len(model.columns) + 1


def test_time_as_text_scores_like_its_microseconds() -> None:
    seconds = np.random.default_rng(0).integers(0, 86_400, 500) * 1_000_000
    model = model_of(TypedTable([column(ColumnType.TIME, seconds, patterns=("%I:%M:%S %p",))]), min_rows=1)
    as_number = model_of(TypedTable([column(ColumnType.INTEGER, seconds)]), min_rows=1)
    rows = drawn(model)
    found = scores(model, rows)["score"]
    texts = [bytes(row).decode() for row in rows[output_name("time")]]
    micros = [_micros(text) for text in texts]
    expected = scores(as_number, {output_name("integer"): np.array(micros)})["score"]
    np.testing.assert_array_equal(found, expected)


def _micros(text: str) -> int:
    hours, minutes, seconds = (int(part) for part in text[:8].split(":"))
    return ((hours % 12 + 12 * (text[9:] == "PM")) * 3600 + minutes * 60 + seconds) * 1_000_000
