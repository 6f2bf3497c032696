"""Orders and ranges hold in every row, whatever the weights are, also under conditions."""

import numpy as np
import pytest
from tests.fixtures.constrained import MANY, REAL, ConstrainedModel, check, generator, in_range, numbers, present, span
from tests.fixtures.token_models import column

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Order, Range
from synthserve_training.tables.typed import TypedTable

DAY = 86_400_000_000


def order_of_numbers(*, strict: bool = False) -> ConstrainedModel:
    g = generator()
    first = np.where(g.random(REAL) < 0.3, 40, g.integers(0, 1000, REAL))
    second = first + g.integers(1, 500, REAL)
    third = np.round(second + g.random(REAL) * 100 + 0.01, 2)
    columns = [
        column(ColumnType.DECIMAL, third, present(seed=1), name="third", decimals=2),
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
            column(ColumnType.DATE, days.astype(np.int32), name="start"),
            column(ColumnType.TIMESTAMP, later, present(), name="end"),
            column(ColumnType.TIMESTAMP, later + g.integers(1, 10**6, REAL) * 1_000_000, name="paid"),
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
    table = TypedTable(
        [column(ColumnType.TIMESTAMP, start + 3_600_000_000, name="b"), column(ColumnType.TIMESTAMP, start, name="a")]
    )
    model = ConstrainedModel(table, [Order(columns=("a", "b"), strict=True)])
    day = span(17_050 * DAY, 17_051 * DAY - 1)
    rows = model.rows(20_000, a=day, b=day)
    assert (rows["a"].values < rows["b"].values).all()


def test_times_rise() -> None:
    g = generator()
    start = g.integers(0, 20 * 3600, REAL) * 1_000_000
    table = TypedTable(
        [
            column(ColumnType.TIME, start + g.integers(0, 7200, REAL) * 1_000_000, name="b"),
            column(ColumnType.TIME, start, name="a"),
        ]
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
            column(ColumnType.DATE, g.integers(18_000, 18_400, REAL).astype(np.int32), present(), name="day"),
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
