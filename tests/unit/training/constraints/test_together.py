"""Which values occur together holds in every row: combinations, one-hot groups, implications."""

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
from synthserve_training.tables.constraints.kinds import Combinations, Constraint, Implication, OneHot, Side
from synthserve_training.tables.typed import TypedTable


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
