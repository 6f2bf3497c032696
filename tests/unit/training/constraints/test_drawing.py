"""What constraints promise: no generated row violates one, whatever the weights are, also under conditions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.fixtures.constrained import ConstrainedModel
from tests.fixtures.token_models import column

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import (
    Combinations,
    Constraint,
    Dependency,
    Formula,
    Implication,
    OneHot,
    Order,
    Range,
    Side,
    Sum,
)
from synthserve_training.tables.typed import TypedColumn, TypedTable

MANY = 100_000
REAL = 2_000
DAY = 86_400_000_000
INTEGER, DECIMAL, DATE, TIMESTAMP, TIME = (
    ColumnType.INTEGER,
    ColumnType.DECIMAL,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
    ColumnType.TIME,
)


def generator() -> np.random.Generator:
    return np.random.default_rng(3)


def present(share: float = 0.8, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).random(REAL) < share


def numbers(name: str, values: np.ndarray, valid: np.ndarray | None = None) -> TypedColumn:
    return column(INTEGER, values, valid, name=name)


def category(name: str, codes: np.ndarray, valid: np.ndarray | None = None) -> TypedColumn:
    return column(ColumnType.CATEGORY, np.array(["a", "b", "c", "d", "e", "f"])[codes], valid, name=name)


def check(model: ConstrainedModel, rows: TypedTable) -> None:
    assert model.violations(rows) == {each.text: 0 for each in model.constraints}


def span(low: float, high: float) -> np.ndarray:
    return np.array([[low, high]], np.float64)


def in_range(rows: TypedTable, name: str, low: float, high: float) -> None:
    assert rows[name].valid.all()
    assert ((rows[name].values >= low) & (rows[name].values <= high)).all()


def order_of_numbers(*, strict: bool = False) -> ConstrainedModel:
    g = generator()
    first = np.where(g.random(REAL) < 0.3, 40, g.integers(0, 1000, REAL))
    second = first + g.integers(1, 500, REAL)
    third = np.round(second + g.random(REAL) * 100 + 0.01, 2)
    columns = [
        column(DECIMAL, third, present(seed=1), name="third", decimals=2),
        numbers("second", second, present(seed=2)),
        numbers("first", first),
    ]
    return ConstrainedModel(TypedTable(columns), [Order(columns=("first", "second", "third"), strict=strict)])


@pytest.mark.parametrize("strict", [False, True])
def test_numbers_rise(strict: bool) -> None:
    model = order_of_numbers(strict=strict)
    rows = model.rows(MANY)
    first, second, third = (rows[name] for name in ("first", "second", "third"))
    for one, other in ((first, second), (second, third), (first, third)):
        both = one.valid & other.valid
        assert both.sum() > MANY / 10
        assert (
            (one.values[both] < other.values[both]).all() if strict else (one.values[both] <= other.values[both]).all()
        )
    check(model, rows)


def test_numbers_rise_under_conditions() -> None:
    model = order_of_numbers()
    rows = model.rows(MANY, third=span(-np.inf, 300), first=span(100, np.inf))
    check(model, rows)
    assert rows["first"].values.min() >= 100
    assert rows["third"].valid.all()
    assert rows["first"].values.max() <= 300
    rows = model.rows(20_000, second=span(500, 500))
    check(model, rows)
    in_range(rows, "second", 500, 500)
    rows = model.rows(20_000, second=span(np.nan, np.nan), third=span(60, 70))
    check(model, rows)
    assert not rows["second"].valid.any()


def test_dates_and_timestamps_rise() -> None:
    g = generator()
    days = g.integers(17_000, 19_000, REAL)
    later = days * DAY + g.integers(0, 40 * 24 * 3600, REAL) * 1_000_000
    table = TypedTable(
        [
            column(DATE, days.astype(np.int32), name="start"),
            column(TIMESTAMP, later, present(), name="end"),
            column(TIMESTAMP, later + g.integers(1, 10**6, REAL) * 1_000_000, name="paid"),
        ]
    )
    model = ConstrainedModel(table, [Order(columns=("start", "end", "paid"))])
    rows = model.rows(MANY)
    check(model, rows)
    ended = rows["end"].valid
    assert (rows["start"].values[ended].astype(np.int64) * DAY <= rows["end"].values[ended]).all()
    assert (rows["end"].values[ended] <= rows["paid"].values[ended]).all()
    assert (rows["paid"].values % 1_000_000 == 0).all()
    low, high = 18_000.25 * DAY, 18_003.5 * DAY
    rows = model.rows(20_000, paid=span(low, high))
    check(model, rows)
    in_range(rows, "paid", low, high)


def test_strictly_rising_timestamps_with_the_same_condition() -> None:
    g = generator()
    start = g.integers(17_000, 17_100, REAL) * DAY + g.integers(8, 17, REAL) * 3_600_000_000
    table = TypedTable([column(TIMESTAMP, start + 3_600_000_000, name="b"), column(TIMESTAMP, start, name="a")])
    model = ConstrainedModel(table, [Order(columns=("a", "b"), strict=True)])
    day = span(17_050 * DAY, 17_051 * DAY - 1)
    rows = model.rows(20_000, a=day, b=day)
    assert (rows["a"].values < rows["b"].values).all()


def test_times_rise() -> None:
    g = generator()
    start = g.integers(0, 20 * 3600, REAL) * 1_000_000
    table = TypedTable(
        [column(TIME, start + g.integers(0, 7200, REAL) * 1_000_000, name="b"), column(TIME, start, name="a")]
    )
    model = ConstrainedModel(table, [Order(columns=("a", "b"))])
    outputs = model.outputs(model.noise(MANY), {})
    first, second = (outputs[f"column:{name}"].copy().view(f"S{outputs[f'column:{name}'].shape[1]}") for name in "ab")
    assert (first <= second).all()


def test_values_stay_in_their_range() -> None:
    g = generator()
    table = TypedTable(
        [
            numbers("age", g.integers(-20, 150, REAL)),
            column(DATE, g.integers(18_000, 18_400, REAL).astype(np.int32), present(), name="day"),
        ]
    )
    model = ConstrainedModel(
        table, [Range(column="age", low=0, high=99), Range(column="day", low="2019-05-20", high="2019-12-10")]
    )
    assert model.fitted.violations["0 <= age <= 99"] == ((table["age"].values < 0) | (table["age"].values > 99)).sum()
    rows = model.rows(MANY)
    check(model, rows)
    assert rows["age"].values.min() >= 0
    assert rows["age"].values.max() <= 99
    rows = model.rows(20_000, day=span(18_030, np.inf))
    check(model, rows)
    assert rows["day"].valid.all()


def combined() -> ConstrainedModel:
    g = generator()
    rows = g.integers(0, 3, (REAL, 1)) * [[2, 2, 2]] + g.integers(0, 2, (REAL, 3)) * [[1, 0, 1]]
    valid = present(0.9)
    table = TypedTable(
        [category("x", rows[:, 0]), category("y", rows[:, 1], valid), category("z", np.where(valid, rows[:, 2], 0))]
    )
    return ConstrainedModel(table, [Combinations(columns=("x", "y", "z"))])


def test_only_combinations_of_the_data_are_drawn() -> None:
    model = combined()
    rows = model.rows(MANY)
    check(model, rows)
    assert len(np.unique(rows["x"].values)) == 6
    rows = model.rows(
        20_000, z=np.array([[True, False, False, False, False, False]]), y=np.array([[True, False, False, True]])
    )
    check(model, rows)
    assert set(np.array(rows["z"].texts)[rows["z"].values]) <= {model.graph.schema.columns[2].categories[0]}


def test_condition_without_a_combination_is_refused_with_its_reason() -> None:
    model = combined()
    x, y = (list(model.graph.schema.columns[place].categories) for place in (0, 1))
    only_x = np.array([[each == "a" for each in x]])
    only_y = np.array([[each == "e" for each in y] + [False]])
    with pytest.raises(
        Exception,
        match=r"refuse: no value of '[xyz]' fulfils these conditions: in every row, x, y, z have combinations",
    ):
        model.rows(10, x=only_x, y=only_y)


def test_another_column_is_decided() -> None:
    g = generator()
    key = g.integers(0, 6, REAL)
    table = TypedTable(
        [
            numbers("number", key * key + 3, key != 5),
            category("key", key),
            category("name", key // 2),
            column(ColumnType.BOOLEAN, key % 2 == 0, name="even"),
            column(DATE, (18_000 + key).astype(np.int32), name="day"),
            numbers("square", (key // 2) ** 2),
        ]
    )
    constraints: list[Constraint] = [Dependency(key="key", column=each) for each in ("number", "name", "even", "day")]
    model = ConstrainedModel(table, [*constraints, Dependency(key="name", column="square")])
    assert model.fitted.code.names == ("key",)
    rows = model.rows(MANY)
    check(model, rows)
    rows = model.rows(5_000, number=span(4, 12), even=np.array([[True, False]]))
    check(model, rows)
    assert set(rows["number"].values.tolist()) == {4, 12}
    assert not rows["even"].values.any()
    rows = model.rows(5_000, number=span(np.nan, np.nan))
    assert not rows["number"].valid.any()
    check(model, rows)
    with pytest.raises(
        Exception, match="refuse: no value of 'key' fulfils these conditions: in every row, key decides"
    ):
        model.rows(10, number=span(4, 4), day=span(18_000, 18_000))


def summed() -> ConstrainedModel:
    g = generator()
    parts = np.round(g.exponential(20, (3, REAL)), 2)
    whole = g.integers(0, 30, REAL)
    table = TypedTable(
        [
            column(DECIMAL, parts[0], name="a", decimals=2),
            numbers("b", whole),
            column(DECIMAL, parts[1], name="c", decimals=2),
            column(DECIMAL, np.round(parts[0] + whole + parts[1], 2), name="total", decimals=2),
        ]
    )
    return ConstrainedModel(table, [Sum(parts=("a", "b", "c"), total="total")])


def test_parts_make_the_total() -> None:
    model = summed()
    asked: list[dict[str, Any]] = [{}, {"total": span(50, 50)}, {"a": span(30, np.inf), "total": span(-np.inf, 60)}]
    for conditions in asked:
        rows = model.rows(20_000 if conditions else MANY, **conditions)
        a, b, c, total = (rows[name].values for name in ("a", "b", "c", "total"))
        assert min(a.min(), b.min(), c.min()) >= 0
        assert np.array_equal(np.rint(a * 100) + b * 100 + np.rint(c * 100), np.rint(total * 100))
        check(model, rows)
    with pytest.raises(Exception, match=r"refuse: .*a \+ b \+ c = total"):
        model.rows(10, a=span(30, 40), total=span(10, 20))


@pytest.mark.parametrize(
    ("formula", "kind", "wanted"),
    [
        ("quantity * price", DECIMAL, lambda c: np.round(c["quantity"].values * c["price"].values, 2)),
        ("round(price / quantity, 1)", DECIMAL, lambda c: np.round(c["price"].values / c["quantity"].values, 1)),
        ("2 * quantity - 7", INTEGER, lambda c: 2 * c["quantity"].values - 7),
        (
            "year(at)",
            INTEGER,
            lambda c: c["at"].values.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970,
        ),
        (
            "100 * hour(at) + minute(at)",
            INTEGER,
            lambda c: c["at"].values // 3_600_000_000 % 24 * 100 + c["at"].values // 60_000_000 % 60,
        ),
        ("weekday(born)", INTEGER, lambda c: (c["born"].values + 3) % 7),
    ],
)
def test_formulas_hold(formula: str, kind: ColumnType, wanted: Any) -> None:
    table = with_formula(formula, kind)
    model = ConstrainedModel(table, [Formula(column="made", formula=formula)])
    assert "made" not in model.fitted.code.names
    rows = model.rows(20_000)
    check(model, rows)
    valid = rows["made"].valid
    assert valid.mean() > 0.5
    assert np.array_equal(rows["made"].values[valid], wanted(rows)[valid])


def with_formula(formula: str, kind: ColumnType) -> TypedTable:
    from synthserve_training.tables.constraints import expressions
    from synthserve_training.tables.constraints.checking import moments

    g = generator()
    some = present()
    columns = [
        numbers("quantity", g.integers(1, 20, REAL), some),
        column(DECIMAL, np.round(g.exponential(9, REAL), 2), name="price", decimals=2),
        column(TIMESTAMP, g.integers(-2_000, 19_000, REAL) * DAY + g.integers(0, 86_400, REAL) * 1_000_000, name="at"),
        column(DATE, g.integers(-12_000, 18_000, REAL).astype(np.int32), name="born"),
    ]
    parsed = expressions.parse(formula)
    values = expressions.computed(parsed, {each.options.name: moments(each) for each in columns})
    valid = np.logical_and.reduce([each.valid for each in columns if each.options.name in expressions.columns(parsed)])
    values = np.where(valid, np.round(values, 2), 0)
    made = column(kind, values.astype(np.int64) if kind is INTEGER else values, valid, name="made", decimals=2)
    return TypedTable([made, *columns])


def test_age_in_years_is_that_of_the_calendar() -> None:
    table = with_formula('years(born, "2024-02-29")', INTEGER)
    model = ConstrainedModel(table, [Formula(column="made", formula='years(born, "2024-02-29")')])
    rows = model.rows(20_000)
    for born, age in zip(rows["born"].values[:2_000], rows["made"].values[:2_000], strict=True):
        date = np.datetime64(int(born), "D").item()
        assert age == 2024 - date.year - ((date.month, date.day) > (2, 29))


def test_condition_on_a_linear_formula_is_one_on_its_source() -> None:
    table = with_formula("50 - 2 * quantity", INTEGER)
    model = ConstrainedModel(table, [Formula(column="made", formula="50 - 2 * quantity")])
    for low, high in ((20, 40), (-np.inf, 30), (44, np.inf)):
        rows = model.rows(2_000, made=span(low, high))
        in_range(rows, "made", low, high)
        check(model, rows)
    largest = np.finfo(np.float64).max
    assert model.rows(2_000, made=span(-largest, largest))["quantity"].valid.all()
    assert not model.rows(2_000, made=span(np.nan, np.nan))["quantity"].valid.any()
    with pytest.raises(Exception, match="refuse: no value of 'quantity' fulfils these conditions"):
        model.rows(10, made=span(np.nan, np.nan), quantity=span(3, 4))


def test_exactly_one_of_a_group_is_true() -> None:
    g = generator()
    which = g.integers(0, 4, REAL)
    table = TypedTable(
        [column(ColumnType.BOOLEAN, which == place, name=f"is{place}") for place in range(3)]
        + [numbers("is3", (which == 3).astype(np.int64))]
    )
    model = ConstrainedModel(table, [OneHot(columns=("is0", "is1", "is2", "is3"))])
    rows = model.rows(MANY)
    values = np.stack([rows[name].values.astype(np.int64) for name in ("is0", "is1", "is2", "is3")])
    assert (values.sum(axis=0) == 1).all()
    assert (values.sum(axis=1) > 0).all()
    rows = model.rows(1_000, is1=np.array([[True, False]]), is3=span(0, 0))
    check(model, rows)
    with pytest.raises(Exception, match=r"refuse: .*exactly one of is0"):
        model.rows(10, is1=np.array([[False, True]]), is3=span(1, 1))


def implied() -> ConstrainedModel:
    g = generator()
    kind = g.integers(0, 3, REAL)
    table = TypedTable(
        [
            numbers("amount", g.integers(0, 500, REAL), (kind != 0) & (present() | (kind == 2))),
            category("kind", kind),
            category(
                "grade",
                np.where(kind == 1, g.integers(0, 2, REAL), g.integers(0, 5, REAL)),
                present(seed=8) | (kind == 1),
            ),
        ]
    )
    constraints: list[Constraint] = [
        Implication(when=Side(column="kind", values=("a",)), then=Side(column="amount", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="amount")),
        Implication(when=Side(column="kind", values=("b",)), then=Side(column="grade", values=("a", "b"))),
    ]
    return ConstrainedModel(table, constraints)


def test_implications_hold() -> None:
    model = implied()
    rows = model.rows(MANY)
    check(model, rows)
    kind = np.array(rows["kind"].texts)[rows["kind"].values]
    assert not rows["amount"].valid[kind == "a"].any()
    assert rows["amount"].valid[kind == "c"].all()
    rows = model.rows(20_000, amount=span(10, 20))
    check(model, rows)
    in_range(rows, "amount", 10, 20)
    grades = list(model.graph.schema.columns[2].categories)
    rows = model.rows(20_000, grade=np.array([[each == "e" for each in grades] + [False]]))
    check(model, rows)
    assert "b" not in np.array(rows["kind"].texts)[rows["kind"].values]


def entangled() -> ConstrainedModel:
    g = generator()
    kind = g.integers(0, 3, REAL)
    low = g.integers(0, 50, REAL)
    high = low + g.integers(0, 50, REAL)
    table = TypedTable(
        [
            numbers("high", high, kind != 0),
            numbers("low", low, kind != 1),
            category("kind", kind),
            category("sub", kind + g.integers(0, 2, REAL)),
            category("other", g.integers(0, 3, REAL)),
        ]
    )
    constraints: list[Constraint] = [
        Order(columns=("low", "high")),
        Implication(when=Side(column="kind", values=("a",)), then=Side(column="high", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="high")),
        Implication(when=Side(column="kind", values=("b",)), then=Side(column="low", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="low")),
        Combinations(columns=("kind", "sub")),
    ]
    return ConstrainedModel(table, constraints, min_rows=1)


_ENTANGLED = entangled()


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_conditions_are_met_or_refused(data: st.DataObject) -> None:
    draw = data.draw
    conditions = {}
    ends = st.sampled_from([-np.inf, 5.0, 20.0, 45.0, 80.0, np.inf])
    for name in ("low", "high"):
        low, high = draw(ends), draw(ends)
        assume(low <= high and low < np.inf and high > -np.inf)
        conditions[name] = draw(st.sampled_from([span(low, high), span(np.nan, np.nan), span(-np.inf, np.inf)]))
    for name, count in (("kind", 3), ("sub", 4)):
        conditions[name] = np.array([draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))])
    try:
        rows = _ENTANGLED.rows(500, seed=draw(st.integers(0, 9)), **conditions)
    except Exception as error:
        assert "refuse: " in str(error)  # noqa: PT017 - onnxruntime's errors share no base class
        real = _ENTANGLED.fitted.table
        good = np.ones(len(real), np.bool_)
        for name in ("low", "high"):
            good &= _meets(real[name], conditions[name])
        for name in ("kind", "sub"):
            place = [each.name for each in _ENTANGLED.graph.schema.columns].index(name)
            allowed = np.array(_ENTANGLED.graph.schema.columns[place].categories)[conditions[name][0]]
            good &= np.isin(np.array(real[name].texts)[real[name].values], allowed)
        assert not good.any()
        return
    check(_ENTANGLED, rows)
    for name in ("low", "high"):
        assert _meets(rows[name], conditions[name]).all()


def _meets(values: TypedColumn, condition: np.ndarray) -> np.ndarray:
    low, high = condition[0]
    if np.isnan(low):
        return ~values.valid
    if np.isinf(low) and np.isinf(high):
        return np.ones(len(values), np.bool_)
    return np.asarray(values.valid & (values.values >= low) & (values.values <= high))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000_000), st.integers(1, 255))
def test_rows_do_not_depend_on_their_batch(seed: int, cut: int) -> None:
    noise = _ENTANGLED.noise(256, seed)
    whole = _ENTANGLED.outputs(noise, {})
    for part in (slice(0, cut), slice(cut, None)):
        for name, values in _ENTANGLED.outputs(noise[part], {}).items():
            assert np.array_equal(values, whole[name][part]), name
