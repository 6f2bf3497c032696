"""Dates that are drawn as differences from earlier ones: orders and conditions hold, whatever the weights are."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures.constrained import MANY, REAL, ConstrainedModel, check, generator, in_range, present, span
from tests.fixtures.token_models import column

from synthserve_training.models.autoregressive.drawing.dates import DateGraph
from synthserve_training.models.autoregressive.drawing.differences import DifferenceGraph
from synthserve_training.models.autoregressive.tokens import differences
from synthserve_training.models.autoregressive.tokens.dates import DateCode
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.onnx_graph import GraphBuilder, evaluate
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Implication, Order, Range, Side
from synthserve_training.tables.model import column_graphs
from synthserve_training.tables.typed import TypedTable

FIRST, LAST = 17_000, 17_700
MINUTE, DAY = 60_000_000, 86_400_000_000
FREE = (-np.inf, np.inf)


def counted(model: ConstrainedModel) -> dict[str, str]:
    """The columns that are drawn as differences, and those that they are counted from."""
    codes = zip(model.model.code.names, model.model.code.columns, strict=True)
    return {name: code.start for name, code in codes if isinstance(code, DifferenceCode)}


@cache
def orders_of_dates() -> ConstrainedModel:
    """Differences with gaps: none from 8 to 13 days, and many above that are rare."""
    g = generator()
    start = g.integers(FIRST, LAST, REAL)
    usual = g.choice([0, 2, 3, 7, 14], REAL, p=[0.1, 0.2, 0.3, 0.3, 0.1])
    shipped = start + np.where(g.random(REAL) < 0.1, g.integers(15, 60, REAL), usual)
    arrived = shipped + g.integers(1, 5, REAL)
    sent = present(seed=1)
    table = TypedTable(
        [
            column(ColumnType.DATE, arrived.astype(np.int32), sent & present(seed=2), name="arrived"),
            column(ColumnType.DATE, shipped.astype(np.int32), sent, name="shipped"),
            column(ColumnType.DATE, start.astype(np.int32), name="ordered"),
        ]
    )
    return ConstrainedModel(
        table, [Order(columns=("ordered", "shipped")), Order(columns=("shipped", "arrived"), strict=True)]
    )


@cache
def timestamps() -> ConstrainedModel:
    g = generator()
    start = g.integers(FIRST, LAST, REAL) * DAY + g.integers(6 * 4, 20 * 4, REAL) * 15 * MINUTE
    end = start + g.integers(1, 600, REAL) * MINUTE
    known = present()
    table = TypedTable(
        [
            column(ColumnType.TIMESTAMP, end, known, name="end"),
            column(ColumnType.TIMESTAMP, start, known, name="start"),
        ]
    )
    return ConstrainedModel(table, [Order(columns=("start", "end"))])


def test_differences_are_those_of_the_data() -> None:
    model = orders_of_dates()
    assert counted(model) == {"shipped": "ordered", "arrived": "shipped"}
    rows = model.rows(MANY)
    check(model, rows)
    shipped, arrived = rows["shipped"], rows["arrived"]
    for end, start, least, most in ((shipped, rows["ordered"], 0, 60), (arrived, shipped, 1, 4)):
        taken = (end.values - start.values)[end.valid]
        assert (taken.min(), taken.max() <= most) == (least, True)
    assert not (arrived.valid & ~shipped.valid).any()
    assert 0.05 < shipped.valid.mean() < 0.999


def test_timestamps_are_on_the_steps_of_the_data() -> None:
    model = timestamps()
    assert counted(model) == {"end": "start"}
    rows = model.rows(MANY)
    check(model, rows)
    start, end = rows["start"], rows["end"]
    assert (start.valid == end.valid).all() or not (end.valid & ~start.valid).any()
    taken = (end.values - start.values)[end.valid]
    assert (taken % MINUTE == 0).all()
    assert taken.min() >= MINUTE
    assert taken.max() <= 600 * MINUTE


def test_differences_as_wide_as_the_values_are_not_counted() -> None:
    g = generator()
    first = g.integers(FIRST, LAST, REAL)
    last = np.maximum(first, g.integers(FIRST, LAST, REAL))
    table = TypedTable(
        [column(ColumnType.DATE, each.astype(np.int32), name=name) for name, each in (("a", first), ("b", last))]
    )
    assert not counted(ConstrainedModel(table, [Order(columns=("a", "b"))]))


def test_ends_on_the_first_of_a_month_are_not_counted() -> None:
    start = generator().integers(FIRST, LAST, REAL)
    months = start.astype("datetime64[D]").astype("datetime64[M]")
    due = (months + 2).astype("datetime64[D]").astype(np.int32)
    table = TypedTable(
        [column(ColumnType.DATE, each.astype(np.int32), name=name) for name, each in (("start", start), ("due", due))]
    )
    assert not counted(ConstrainedModel(table, [Order(columns=("start", "due"))]))


def test_end_that_another_constraint_asks_for_is_not_counted_from_a_start_that_can_be_missing() -> None:
    g = generator()
    state = np.array(["open", "done"])[g.integers(0, 2, REAL)]
    start = g.integers(FIRST, LAST, REAL)
    known = present() | (state == "done")
    table = TypedTable(
        [
            column(ColumnType.CATEGORY, state, name="state"),
            column(ColumnType.DATE, (start + g.integers(0, 9, REAL)).astype(np.int32), known, name="end"),
            column(ColumnType.DATE, start.astype(np.int32), known, name="start"),
        ]
    )
    done = Implication(when=Side(column="state", values=("done",)), then=Side(column="end"))
    model = ConstrainedModel(table, [Order(columns=("start", "end")), done])
    assert not counted(model)
    check(model, model.rows(20_000))


def test_column_with_two_lower_ones_that_are_not_ordered_is_not_counted() -> None:
    g = generator()
    first, second = (g.integers(FIRST, LAST, REAL) for _ in range(2))
    last = np.maximum(first, second) + g.integers(0, 9, REAL)
    table = TypedTable(
        [
            column(ColumnType.DATE, each.astype(np.int32), name=name)
            for name, each in (("a", first), ("b", second), ("c", last))
        ]
    )
    model = ConstrainedModel(table, [Order(columns=("a", "c")), Order(columns=("b", "c"))])
    assert not counted(model)
    check(model, model.rows(20_000))


ends = st.integers(FIRST - 20, LAST + 90)
ranges = st.one_of(
    st.just(FREE), ends.map(lambda day: (day, day)), st.tuples(ends, st.integers(0, 200)).map(lambda r: (r[0], sum(r)))
)


@settings(max_examples=40, deadline=None)
@given(ordered=ranges, shipped=ranges, arrived=ranges)
def test_conditions_are_met_or_refused(
    ordered: tuple[float, float], shipped: tuple[float, float], arrived: tuple[float, float]
) -> None:
    model = orders_of_dates()
    asked = {"ordered": ordered, "shipped": shipped, "arrived": arrived}
    try:
        rows = model.rows(500, ordered=span(*ordered), shipped=span(*shipped), arrived=span(*arrived))
    except Exception as error:
        assert "refuse: " in str(error)  # noqa: PT017 - onnxruntime's errors share no base class
        assert not _possible(model, asked)
        return
    check(model, rows)
    for name, each in asked.items():
        if each != FREE:
            in_range(rows, name, *each)
    assert _possible(model, asked)


def _start_code(model: ConstrainedModel) -> DateCode:
    code = model.model.code.columns[model.model.code.names.index("ordered")]
    assert isinstance(code, DateCode)
    return code


def _possible(model: ConstrainedModel, asked: dict[str, tuple[float, float]]) -> bool:
    """Whether some days meet conditions, tried one by one. A column without a condition may be missing."""
    code = model.model.code
    days = np.zeros(LAST + 200, np.bool_)
    first = _start_code(model)
    days[first.first_days[0] : first.first_days[-1] + first.lengths[-1]] = True
    place = np.arange(len(days))
    for name, later in (("ordered", "shipped"), ("shipped", "arrived"), ("arrived", None)):
        days &= (place >= asked[name][0]) & (place <= asked[name][1])
        if later is None or all(asked[each] == FREE for each in ("shipped", "arrived")[later == "arrived" :]):
            break
        one = code.columns[code.names.index(later)]
        assert isinstance(one, DifferenceCode)
        least, most = one.extent
        days = np.any([np.roll(days, by) for by in range(least, most + 1)], axis=0)
    return bool(days.any())


def test_a_day_of_the_end_leaves_the_frequent_differences() -> None:
    """The start is drawn so that the differences to a given end are about those of the data."""
    model = orders_of_dates()
    real = model.fitted.table
    known = real["shipped"].valid
    likelihood = _likelihood(model, 17_300.0, 17_300.0)
    taken = (real["shipped"].values - real["ordered"].values)[known]
    days = _start_code(model).first_days[:, None] + np.arange(31)
    for difference in (0, 2, 3, 7, 14):
        found = likelihood[days == 17_300 - difference][0]
        assert found == pytest.approx((taken == difference).mean(), abs=1e-3)
    assert likelihood[days > 17_300].max() < 1e-6
    assert (_likelihood(model, *FREE) == 1).all()


def _likelihood(model: ConstrainedModel, low: float, high: float) -> np.ndarray:
    graphs = {each.schema.name: each for each in column_graphs(model.model.columns, model.model.code)}
    end, start = graphs["shipped"], graphs["ordered"]
    assert isinstance(end, DifferenceGraph)
    assert isinstance(start, DateGraph)
    graph = GraphBuilder()
    condition = graph.input("condition", np.float64, [2], shared=True)
    graph.output("likelihood", end.likelihood(graph, condition, start.code.first_days, start.scale), np.float64, [31])
    return evaluate(graph.build(), {"condition": span(low, high)})["likelihood"]


def test_conditions_on_timestamps() -> None:
    model = timestamps()
    low, high = 17_200 * DAY + 11 * 60 * MINUTE, 17_200 * DAY + 11 * 60 * MINUTE + 29 * MINUTE
    for start, end in (
        (FREE, (low, high)),
        (FREE, (low + MINUTE, low + MINUTE)),
        ((low - 60 * MINUTE, low), (low, high)),
        ((low, low), FREE),
    ):
        rows = model.rows(20_000, start=span(*start), end=span(*end))
        check(model, rows)
        for name, asked in (("start", start), ("end", end)):
            if asked != FREE:
                in_range(rows, name, *asked)
    rows = model.rows(2_000, start=span(np.nan, np.nan))
    assert not rows["start"].valid.any()
    assert not rows["end"].valid.any()
    rows = model.rows(2_000, end=span(np.nan, np.nan), start=span(low, high + DAY))
    assert rows["start"].valid.all()
    assert not rows["end"].valid.any()
    with pytest.raises(Exception, match=r"refuse: no value of 'end' .* after 'start'"):
        model.rows(10, start=span(low, high), end=span(low - DAY, low - MINUTE))
    with pytest.raises(Exception, match="refuse: "):
        model.rows(10, start=span(np.nan, np.nan), end=span(low, high))


def test_a_range_limits_the_end() -> None:
    g = generator()
    start = g.integers(FIRST, LAST, REAL)
    table = TypedTable(
        [
            column(ColumnType.DATE, (start + g.integers(0, 9, REAL)).astype(np.int32), name="end"),
            column(ColumnType.DATE, start.astype(np.int32), name="start"),
        ]
    )
    model = ConstrainedModel(
        table, [Order(columns=("start", "end")), Range(column="end", low="2016-09-20", high="2018-01-10")]
    )
    assert counted(model) == {"end": "start"}
    check(model, model.rows(MANY))


def test_rows_do_not_depend_on_how_they_are_cut() -> None:
    model = orders_of_dates()
    noise, asked = model.noise(300), {"arrived": span(17_100.0, 17_400.0)}
    whole = model.outputs(noise, asked)
    for block in (1, 7):
        for name, values in model.outputs(noise, asked, block).items():
            assert values.tobytes() == whole[name].tobytes()


def test_few_differences_within_a_gap_are_not_learnt() -> None:
    g = generator()
    start = g.integers(FIRST, LAST, REAL).astype(np.int32)
    taken = g.choice([0, 7, 14], REAL)
    taken[:3] = 11
    first, last = (
        column(ColumnType.DATE, each.astype(np.int32), name=name)
        for name, each in (("start", start), ("end", start + taken))
    )
    model = ConstrainedModel(TypedTable([last, first]), [Order(columns=("start", "end"))])
    code = model.model.code.columns[model.model.code.names.index("end")]
    assert isinstance(code, DifferenceCode)
    codes = code.encode(differences.differences(first, last)).codes[:, 0]
    assert (codes[:3] == -1).all()
    assert (codes[3:] >= 0).all()
    expected = np.unique(taken[3:], return_counts=True)[1] / (REAL - 3)
    assert code.shares[code.shares > 0] == pytest.approx(expected)
    in_range(model.rows(2_000, end=span(17_104, 17_104)), "end", 17_104, 17_104)
