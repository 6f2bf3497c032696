"""Training rows that violate a constraint: counted, and left out."""

import numpy as np
import pytest
from tests.fixtures.token_models import column

from synthserve_training.errors import DatasetError, RecipeError
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.fitting import fit_constraints
from synthserve_training.tables.constraints.kinds import Combinations, Constraint, Dependency, Order, Sum
from synthserve_training.tables.typed import TypedTable


def table() -> TypedTable:
    g = np.random.default_rng(0)
    low = g.integers(0, 50, 200)
    high = low + 10
    high[:3] = -1
    code = g.integers(0, 4, 200)
    place = code // 2
    place[5] = 1 - place[5]
    names = np.array(["p", "q", "r", "s"])
    return TypedTable(
        [
            column(ColumnType.INTEGER, low, name="low"),
            column(ColumnType.INTEGER, high, name="high"),
            column(ColumnType.CATEGORY, names[code], name="code"),
            column(ColumnType.CATEGORY, names[place], name="place"),
        ]
    )


def test_rows_that_violate_a_constraint_are_counted_and_left_out() -> None:
    rows = table()
    constraints: list[Constraint] = [Order(columns=("low", "high")), Dependency(key="code", column="place")]
    fitted = fit_constraints([each.options for each in rows.columns], constraints, rows, 5)
    assert fitted.violations == {"low <= high": 3, "code decides place": 1}
    assert len(fitted.table) == 196


def test_rare_combinations_are_not_learnt() -> None:
    rows = table()
    fitted = fit_constraints(
        [each.options for each in rows.columns], [Combinations(columns=("code", "place"))], rows, 5
    )
    assert fitted.violations == {"code, place have combinations of the data": 1}


def test_constraint_that_no_row_keeps_is_an_error() -> None:
    rows = table()
    with pytest.raises(DatasetError, match="197 of 197 violate `high <= low`"):
        fit_constraints(
            [each.options for each in rows.columns], [Order(columns=("high", "low"))], rows.take(np.arange(3, 200)), 5
        )


def test_integer_cannot_be_what_decimals_leave() -> None:
    g = np.random.default_rng(0)
    a, b = np.round(g.random(200), 1), g.integers(0, 9, 200)
    rows = TypedTable(
        [
            column(ColumnType.DECIMAL, a, name="a", decimals=1),
            column(ColumnType.INTEGER, b, name="b"),
            column(ColumnType.DECIMAL, np.round(a + b, 1), name="all", decimals=1),
        ]
    )
    with pytest.raises(RecipeError, match="'b' is an integer"):
        fit_constraints([each.options for each in rows.columns], [Sum(parts=("a", "b"), total="all")], rows, 5)
