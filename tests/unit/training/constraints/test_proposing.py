"""Constraints that are proposed: those that a table was made with, and none that are coincidences."""

import numpy as np
from tests.fixtures.token_models import column

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.proposing import propose
from synthserve_training.tables.typed import TypedColumn, TypedTable

ROWS = 3_000
INTEGER, DECIMAL, CATEGORY, DATE, TIMESTAMP = (
    ColumnType.INTEGER,
    ColumnType.DECIMAL,
    ColumnType.CATEGORY,
    ColumnType.DATE,
    ColumnType.TIMESTAMP,
)


def g(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def proposed(*columns: TypedColumn) -> set[str]:
    return {each.constraint.text for each in propose(TypedTable(columns))}


def integers(name: str, values: np.ndarray, valid: np.ndarray | None = None) -> TypedColumn:
    return column(INTEGER, values, valid, name=name)


def texts(name: str, codes: np.ndarray, valid: np.ndarray | None = None) -> TypedColumn:
    return column(CATEGORY, np.array([f"{name}{place:02}" for place in range(40)])[codes], valid, name=name)


def test_orders() -> None:
    start = g().integers(18_000, 18_400, ROWS)
    end = column(DATE, (start + g(1).integers(0, 90, ROWS)).astype(np.int32), g(2).random(ROWS) < 0.9, name="end")
    assert proposed(end, column(DATE, start.astype(np.int32), name="start")) == {"start <= end"}
    low = g(3).integers(0, 30, ROWS)
    middle, high = low + g(4).integers(1, 10, ROWS), low + g(5).integers(10, 20, ROWS)
    assert proposed(integers("high", high), integers("low", low), integers("middle", middle)) == {
        "low < middle",
        "middle < high",
    }


def test_no_order_of_what_hardly_overlaps_or_has_another_unit() -> None:
    small, large = g().integers(0, 100, ROWS), g(1).integers(99, 10_000, ROWS)
    assert not proposed(integers("rooms", small), integers("price", large))
    weight = column(INTEGER, small + g(2).integers(0, 50, ROWS), name="weight", unit="kg")
    assert not proposed(column(INTEGER, small, name="height", unit="cm"), weight)


def test_dependencies() -> None:
    code = g().integers(0, 24, ROWS)
    found = proposed(
        integers("number", 40 - code), texts("city", code), texts("land", code // 4), texts("side", code // 12)
    )
    assert found == {"city decides number", "city decides land", "city decides side"}


def test_no_dependency_on_keys_of_few_rows_or_of_a_rare_value() -> None:
    unique = texts("name", np.arange(40))
    assert not proposed(unique, integers("size", np.arange(40) // 10))
    code = g().integers(0, 30, ROWS)
    flag = np.zeros(ROWS, np.bool_)
    flag[np.flatnonzero(code == 0)[:3]] = True
    assert not proposed(texts("code", code), column(ColumnType.BOOLEAN, flag, name="rare"))


def test_sums_and_formulas() -> None:
    net, tax = np.round(g().exponential(50, ROWS), 2), np.round(g(1).exponential(5, ROWS), 2)
    count = g(2).integers(1, 30, ROWS)
    columns = [
        column(DECIMAL, net, name="net", decimals=2),
        column(DECIMAL, tax, name="tax", decimals=2),
        column(DECIMAL, np.round(net + tax, 2), name="gross", decimals=2),
        integers("count", count),
        column(DECIMAL, np.round(net * count, 2), name="all of it", decimals=2),
        column(DECIMAL, np.round(1.8 * net + 32, 2), name="fahrenheit", decimals=2),
    ]
    found = proposed(*columns)
    assert {"net + tax = gross", "all of it = net * count"} <= found
    assert "fahrenheit = 1.8 * net + 32.0" in found


def test_a_clock_is_computed_from_hours_and_minutes_and_not_the_hour_from_the_clock() -> None:
    hour, minute = g().integers(0, 24, ROWS), g(1).integers(0, 60, ROWS)
    found = proposed(integers("clock", 100 * hour + minute), integers("hour", hour), integers("minute", minute))
    assert found == {"clock = 100 * hour + minute"}


def test_totals_of_several_neighbours() -> None:
    parts = g().integers(0, 30, (4, ROWS))
    columns = [integers(f"part{place}", values) for place, values in enumerate(parts)]
    assert proposed(*columns, integers("all", parts.sum(axis=0))) == {"part0 + part1 + part2 + part3 = all"}


def test_parts_of_dates() -> None:
    moments = g().integers(0, 10**9, ROWS) * 1_000_000
    year = moments.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    hour = moments // 3_600_000_000 % 24
    found = proposed(
        column(TIMESTAMP, moments, name="at"),
        integers("year", year),
        integers("clock", 100 * hour),
        integers("hour", hour),
    )
    assert {"year = year(at)", "hour = hour(at)"} <= found


def test_one_hot_groups() -> None:
    which = g().integers(0, 5, ROWS)
    columns = [integers(f"is{place}", (which == place).astype(np.int64)) for place in range(5)]
    assert proposed(texts("city", g(1).integers(0, 9, ROWS)), *columns) == {"exactly one of is0, is1, is2, is3, is4"}


def test_missing_values_that_follow_from_others() -> None:
    kind = g().integers(0, 4, ROWS)
    has = kind > 1
    columns = [
        texts("kind", kind),
        integers("speed", g(1).integers(0, 300, ROWS), has),
        integers("load", g(2).integers(300, 9_000, ROWS), has),
    ]
    assert proposed(*columns) == {
        "where speed is missing, load is missing",
        "where speed is not missing, load is not missing",
        "where kind is kind00 or kind01, speed is missing",
        "where kind is kind02 or kind03, speed is not missing",
    }


def test_combinations() -> None:
    brand = g().integers(0, 8, ROWS)
    model = (brand * 3 + g(1).integers(0, 6, ROWS)) % 24
    assert proposed(texts("brand", brand), texts("model", model)) == {"brand, model have combinations of the data"}


def test_nothing_is_proposed_of_independent_columns() -> None:
    columns = [
        texts("a", g(1).integers(0, 20, ROWS), g(5).random(ROWS) < 0.9),
        texts("b", g(2).integers(0, 3, ROWS)),
        integers("c", g(3).integers(0, 200, ROWS), g(6).random(ROWS) < 0.9),
        column(DECIMAL, np.round(g(4).normal(0, 1, ROWS), 3), name="d", decimals=3),
        column(ColumnType.BOOLEAN, g(7).random(ROWS) < 0.5, name="e"),
        column(DATE, g(8).integers(0, 20_000, ROWS).astype(np.int32), name="f"),
    ]
    assert not proposed(*columns)
