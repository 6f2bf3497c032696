"""Columns of which no value may be published: always missing, or left out, and constraints about them are dropped."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.fixtures.token_models import random_weights

from synthserve_training.models.autoregressive.drawing.absent import Absent
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.constraints.fitting import fit_constraints
from synthserve_training.tables.constraints.kinds import Order
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedColumn, TypedTable
from synthserve_training.tables.valueless import rare_values, valueless

ROWS = 40
TYPES = [kind for kind in ColumnType if kind is not ColumnType.CONSTANT]


def column(
    name: str, values: Sequence[int], valid: Sequence[bool], kind: ColumnType = ColumnType.INTEGER
) -> TypedColumn:
    return TypedColumn(ColumnOptions(name=name, type=kind), np.array(values), np.array(valid))


TABLE = TypedTable(
    [
        column("common", [number % 2 for number in range(ROWS)], [True] * ROWS),
        column("rare", [1] * ROWS, [number < 3 for number in range(ROWS)]),
        column("unknown", [1] * ROWS, [number < 38 for number in range(ROWS)]),
        column("empty", [0] * ROWS, [False] * ROWS, ColumnType.EMPTY),
    ]
)
OPTIONS = [each.options for each in TABLE.columns]


def test_rare_values_leave_the_missing_one_and_no_column_where_that_is_rare_too() -> None:
    found = valueless(OPTIONS, {"common"}, TABLE, min_rows=39)
    assert [each.options.name for each in found.absent] == ["empty"]
    assert list(found.left_out) == ["rare", "unknown"]
    found = valueless(OPTIONS, {"common", "unknown"}, TABLE, min_rows=10)
    assert [each.options.name for each in found.absent] == ["rare", "empty"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("rare: no value has at least 10 rows")


@pytest.mark.parametrize("kind", TYPES)
def test_absent_column_is_missing_in_every_row(kind: ColumnType) -> None:
    options = ColumnOptions(name="nothing", type=kind)
    absent = {"nothing": Absent(options)}
    drawing = TableModel(
        [options], fit_constraints([options], [], TypedTable([]), 10).code, [], {}, absent=absent
    ).graph()
    made = evaluate(drawing.model, {"noise": np.zeros((7, 1), np.float32)})
    assert made["valid:nothing"].tolist() == [False] * 7
    assert len(made["column:nothing"]) == 7
    assert drawing.schema.columns[0].nullable


def test_constraint_about_a_column_without_values_is_ignored() -> None:
    order = Order(kind="order", columns=("rare", "common"))
    found = fit_constraints(OPTIONS, [order], TABLE, 10)
    assert list(found.ignored) == [order.text]
    assert set(found.code.names) == {"common", "unknown"}
    assert len(found.table) == ROWS  # rows that violate it are learnt
    made = TableModel(OPTIONS, found.code, random_weights(found.code.tokens), {}).graph()
    assert [each.name for each in made.schema.columns] == ["common", "unknown"]


def test_columns_of_which_many_rows_have_rare_values_are_named() -> None:
    classes = column("classes", [number % 3 for number in range(ROWS)], [True] * ROWS)
    rare = column("some", [max(number - 27, 0) for number in range(ROWS)], [True] * ROWS)
    found = fit_constraints([classes.options, rare.options], [], TypedTable([classes, rare]), 10)
    notes = rare_values(found.code, ROWS, 10)
    assert len(notes) == 1
    assert notes[0].startswith("some: 30 % of the rows")
