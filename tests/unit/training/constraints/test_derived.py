"""Columns that follow from others do so in every row: lookups, remainders of totals, formulas."""

from typing import Any

import numpy as np
import pytest
from tests.fixtures.constrained import (
    MANY,
    REAL,
    ConstrainedModel,
    category,
    check,
    generator,
    in_range,
    numbers,
    present,
    span,
)
from tests.fixtures.token_models import column

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints import expressions
from synthserve_training.tables.constraints.checking import moments
from synthserve_training.tables.constraints.kinds import Constraint, Dependency, Formula, Sum
from synthserve_training.tables.typed import TypedTable

DAY = 86_400_000_000


def test_another_column_is_decided() -> None:
    g = generator()
    key = g.integers(0, 6, REAL)
    table = TypedTable(
        [
            numbers("number", key * key + 3, key != 5),
            category("key", key),
            category("name", key // 2),
            column(ColumnType.BOOLEAN, key % 2 == 0, name="even"),
            column(ColumnType.DATE, (18_000 + key).astype(np.int32), name="day"),
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
            column(ColumnType.DECIMAL, parts[0], name="a", decimals=2),
            numbers("b", whole),
            column(ColumnType.DECIMAL, parts[1], name="c", decimals=2),
            column(ColumnType.DECIMAL, np.round(parts[0] + whole + parts[1], 2), name="total", decimals=2),
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
        ("quantity * price", ColumnType.DECIMAL, lambda c: np.round(c["quantity"].values * c["price"].values, 2)),
        (
            "round(price / quantity, 1)",
            ColumnType.DECIMAL,
            lambda c: np.round(c["price"].values / c["quantity"].values, 1),
        ),
        ("2 * quantity - 7", ColumnType.INTEGER, lambda c: 2 * c["quantity"].values - 7),
        (
            "year(at)",
            ColumnType.INTEGER,
            lambda c: c["at"].values.astype("datetime64[us]").astype("datetime64[Y]").astype(int) + 1970,
        ),
        (
            "100 * hour(at) + minute(at)",
            ColumnType.INTEGER,
            lambda c: c["at"].values // 3_600_000_000 % 24 * 100 + c["at"].values // 60_000_000 % 60,
        ),
        ("weekday(born)", ColumnType.INTEGER, lambda c: (c["born"].values + 3) % 7),
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
    g = generator()
    some = present()
    columns = [
        numbers("quantity", g.integers(1, 20, REAL), some),
        column(ColumnType.DECIMAL, np.round(g.exponential(9, REAL), 2), name="price", decimals=2),
        column(
            ColumnType.TIMESTAMP,
            g.integers(-2_000, 19_000, REAL) * DAY + g.integers(0, 86_400, REAL) * 1_000_000,
            name="at",
        ),
        column(ColumnType.DATE, g.integers(-12_000, 18_000, REAL).astype(np.int32), name="born"),
    ]
    parsed = expressions.parse(formula)
    values = expressions.computed(parsed, {each.options.name: moments(each) for each in columns})
    valid = np.logical_and.reduce([each.valid for each in columns if each.options.name in expressions.columns(parsed)])
    values = np.where(valid, np.round(values, 2), 0)
    made = column(
        kind, values.astype(np.int64) if kind is ColumnType.INTEGER else values, valid, name="made", decimals=2
    )
    return TypedTable([made, *columns])


def test_age_in_years_is_that_of_the_calendar() -> None:
    table = with_formula('years(born, "2024-02-29")', ColumnType.INTEGER)
    model = ConstrainedModel(table, [Formula(column="made", formula='years(born, "2024-02-29")')])
    rows = model.rows(20_000)
    for born, age in zip(rows["born"].values[:2_000], rows["made"].values[:2_000], strict=True):
        date = np.datetime64(int(born), "D").item()
        assert age == 2024 - date.year - ((date.month, date.day) > (2, 29))


def test_condition_on_a_linear_formula_is_one_on_its_source() -> None:
    table = with_formula("50 - 2 * quantity", ColumnType.INTEGER)
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
