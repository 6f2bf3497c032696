"""What a graph draws: values of the columns, under any conditions, the same however the rows are cut."""

import datetime
from functools import cache
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures.token_models import column, every_kind, model_of

from synthserve_core.contract.conditions import Between, Missing
from synthserve_core.contract.conditions import settings as settings_of
from synthserve_core.contract.model import ColumnType as ClientType
from synthserve_training.models import contract
from synthserve_training.models.autoregressive import correction
from synthserve_training.models.autoregressive.drawing.graph import DrawingGraph
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedTable

ROWS = 2048
DAY = 86_400_000_000


class Drawer:
    """Runs a drawing graph."""

    def __init__(self, graph: DrawingGraph) -> None:
        self.graph = graph
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            graph.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def rows(self, noise: np.ndarray, **conditions: Any) -> dict[str, np.ndarray]:
        feeds: dict[str, np.ndarray] = {"noise": noise}
        for each in self._session.get_inputs():
            name = each.name.removeprefix("condition:")
            if name == each.name:
                continue
            if name in conditions:
                feeds[each.name] = conditions[name]
            else:
                is_set = each.type == "tensor(bool)"
                feeds[each.name] = np.ones((1, each.shape[1]), np.bool_) if is_set else np.array([[-np.inf, np.inf]])
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, feeds), strict=True))

    def noise(self, rows: int = ROWS, seed: int = 0) -> np.ndarray:
        shape = self.graph.inputs[0].noise.shape
        return (np.random.default_rng(seed).integers(0, 2**24, (rows, *shape)) / 2**24).astype(np.float32)


@cache
def table() -> TypedTable:
    return every_kind()


@cache
def model() -> TableModel:
    return model_of(table())


@cache
def drawer() -> Drawer:
    return Drawer(model().graph())


def test_values_are_those_of_the_lattice_and_the_categories() -> None:
    rows = drawer().rows(drawer().noise())
    assert set(rows["column:category"]) <= {0, 1, 2}
    assert set((rows["column:integer"] - 2) % 5) == {0}
    decimals = rows["column:decimal"]
    assert np.array_equal(decimals, np.round(decimals, 2))
    days = rows["column:date"][rows["valid:date"]]
    assert days.min() >= np.datetime64("2019-04-01").astype(int)
    text = ["".join(map(chr, row)) for row in rows["column:time"][rows["valid:time"]]]
    assert all(each[-2:] in ("AM", "PM") and 1 <= int(each[:2]) <= 12 for each in text)


def test_first_rows_and_last_rows_of_any_cut_are_the_same() -> None:
    noise = drawer().noise(256)
    whole = drawer().rows(noise)
    for start, stop in ((0, 16), (16, 208), (208, 256)):
        part = drawer().rows(noise[start:stop])
        for name, values in part.items():
            assert np.array_equal(values, whole[name][start:stop]), name


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_conditions_hold_in_every_row(data: st.DataObject) -> None:
    conditions: dict[str, np.ndarray] = {}
    draw = data.draw
    if draw(st.booleans()):
        allowed = draw(st.lists(st.booleans(), min_size=4, max_size=4).filter(any))
        conditions["category"] = np.array([allowed])
    low = draw(st.sampled_from([-np.inf, -200.0, 52.0, 202.0]))
    conditions["integer"] = np.array([[low, max(low, draw(st.sampled_from([52.0, 202.0, 702.0, np.inf])))]])
    conditions["decimal"] = np.array(
        [draw(st.sampled_from([[-np.inf, np.inf], [0.5, 2.0], [np.nan, np.nan], [-1.0, np.inf]]))]
    )
    first = draw(st.sampled_from([-np.inf, 18_010.0, 18_070.0]))
    conditions["date"] = np.array([[first, first + 13 if np.isfinite(first) else np.inf]])
    conditions["timestamp"] = np.array([draw(st.sampled_from([[-np.inf, np.inf], [18_020.5 * DAY, 18_021.25 * DAY]]))])
    rows = drawer().rows(drawer().noise(128), **conditions)
    if "category" in conditions:
        code = np.where(rows["valid:category"], rows["column:category"], 3)
        assert conditions["category"][0][code].all()
    for name in ("integer", "decimal", "date", "timestamp"):
        low, high = conditions[name][0]
        valid = rows.get(f"valid:{name}", np.ones(128, np.bool_))
        if np.isnan(low):
            assert not valid.any()
        elif np.isfinite(low) or np.isfinite(high):
            assert valid.all()
        values = rows[f"column:{name}"][valid]
        if not np.isnan(low):
            assert (values >= low).all()
            assert (values <= high).all()


def test_condition_on_a_value_gives_that_value() -> None:
    rows = drawer().rows(drawer().noise(64), integer=np.array([[202.0, 202.0]]), date=np.array([[18_050.0, 18_050.0]]))
    assert set(rows["column:integer"]) == {202}
    assert set(rows["column:date"]) == {18_050}
    assert rows["valid:date"].all()


def test_draws_of_the_last_column_do_not_change_with_conditions_that_say_nothing() -> None:
    noise = drawer().noise(64)
    everything = drawer().rows(noise, category=np.ones((1, 4), np.bool_))
    assert all(np.array_equal(values, everything[name]) for name, values in drawer().rows(noise).items())


def test_correction_gives_the_shares_of_the_data() -> None:
    generator = np.random.default_rng(0)
    first = generator.integers(0, 3, 3000)
    rows = TypedTable(
        [
            column(ColumnType.CATEGORY, np.array(["a", "b", "c"])[first], name="first"),
            column(
                ColumnType.CATEGORY, np.array(["u", "v"])[(generator.random(3000) < 0.8).astype(int)], name="second"
            ),
            column(ColumnType.INTEGER, generator.integers(0, 10**6, 3000), name="third"),
        ]
    )
    made = model_of(rows, seed=3)
    weights = correction.corrected(made.code, made.weights, made.code.encode(rows), seed=0, count=20_000)
    better = Drawer(TableModel(made.columns, made.code, weights, {}).graph())
    drawn = better.rows(better.noise(16_384))
    for name in ("first", "second"):
        real = np.bincount(made.code.columns[made.code.names.index(name)].encode(rows[name]).codes[:, 0]) / 3000
        got = np.bincount(drawn[f"column:{name}"]) / 16_384
        assert np.abs(real - got).max() < 0.015
    quantiles = np.linspace(0.05, 0.95, 10)
    assert np.abs(np.quantile(drawn["column:third"], quantiles) / 10**6 - quantiles).max() < 0.03


def test_secrets_of_single_rows_are_not_in_the_graph_nor_drawn() -> None:
    rows = 1000
    generator = np.random.default_rng(0)
    secrets = TypedTable(
        [
            column(ColumnType.CATEGORY, np.array([f"secret-{row}" if row % 3 else "common" for row in range(rows)])),
            column(
                ColumnType.INTEGER,
                generator.permutation(10**9)[:rows] if False else generator.integers(0, 10**12, rows),
            ),
            column(ColumnType.DECIMAL, np.round(generator.normal(0, 1e6, rows), 6), decimals=6),
            column(ColumnType.DATE, np.r_[np.full(rows - 1, 19_000), 5000].astype(np.int32)),
        ]
    )
    made = model_of(secrets, min_rows=10)
    graph = made.graph()
    content = graph.model.SerializeToString() + graph.schema.SerializeToString()
    content += b"".join(spec.SerializeToString() for spec in graph.conditions)
    assert b"secret-" not in content
    one = Drawer(graph)
    drawn = one.rows(one.noise(50_000))
    for name in ("integer", "decimal"):
        values = secrets[name].values
        assert not any(number.tobytes() in content for number in values)
        assert not np.isin(drawn[f"column:{name}"], values).any()
    assert set(drawn["column:date"] // 31) == {np.int32(19_000 // 31)} or drawn["column:date"].min() > 18_900


@pytest.mark.parametrize("size", [1, 2])
def test_column_of_one_value_is_drawn_without_a_choice(size: int) -> None:
    rows = TypedTable([column(ColumnType.CATEGORY, np.array((["a"] * 30 + ["b"] * 30)[: 30 * size]))])
    one = Drawer(model_of(rows).graph())
    assert set(one.rows(one.noise(64))["column:category"]) == set(range(size))


@pytest.mark.parametrize("pattern", ["%H:%M:%S", "%I:%M:%S %p"])
def test_times_of_day_are_drawn_in_a_range(pattern: str) -> None:
    generator = np.random.default_rng(0)
    seconds = np.sort(generator.integers(6 * 3600, 20 * 3600, 2_000)) * 1_000_000
    valid = generator.random(2_000) < 0.9
    rows = TypedTable([column(ColumnType.TIME, seconds, valid, patterns=(pattern,))])
    graph = model_of(rows).graph()
    conditions = contract.describe(graph, 64).conditions
    assert conditions[0].type is ClientType.STRING
    told = settings_of(conditions, {"time": Between("08:30", "12:15")})
    one = Drawer(graph)
    drawn = one.rows(one.noise(20_000), time=told["time"])
    assert drawn["valid:time"].all()
    read = [datetime.datetime.strptime(bytes(row).decode(), pattern) for row in drawn["column:time"]]
    assert min(read).time() >= datetime.time(8, 30)
    assert max(read).time() < datetime.time(12, 16)
    assert max(read) - min(read) > datetime.timedelta(hours=3)
    missing = one.rows(one.noise(64), time=settings_of(conditions, {"time": Missing()})["time"])
    assert not missing["valid:time"].any()
