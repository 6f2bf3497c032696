"""Sections about conditions, likelihood and constraints, and what pictures and tables tell of single rows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.tables import COLUMNS, compared, rows, split, splits, typed_rows

from synthserve_core.contract.conditions import AnyOf, Between, Equals, Missing, Test
from synthserve_core.contract.model import ColumnType, Condition, ConditionKind
from synthserve_training.evaluation.tables.measures.evidence import answer, fulfils, questions
from synthserve_training.evaluation.tables.plots.columns import distribution
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.sections import conditions, distributions, fidelity, likelihood
from synthserve_training.evaluation.tables.splits import Source
from synthserve_training.tables.typed import TypedTable

CONDITIONS = [
    Condition("length", ConditionKind.RANGE, ColumnType.DOUBLE),
    Condition("age", ConditionKind.RANGE, ColumnType.INT64),
    Condition("kind", ConditionKind.SET, categories=("x", "y", "z")),
]


def test_rows_that_fulfil_tests() -> None:
    table = pd.DataFrame(
        {
            "length": [1.0, 2.5, np.nan, 4.0],
            "age": [1.0, 2.0, 3.0, 4.0],
            "kind": pd.array(["x", "y", None, "z"], dtype="string"),
        }
    )

    def found(**tests: Test) -> list[bool]:
        return [bool(fits) for fits in fulfils(table, tests, COLUMNS)]

    assert found(length=Between("2.5", None)) == [False, True, False, True]
    assert found(length=Between(None, "2.5")) == [True, True, False, False]
    assert found(length=Equals("2.5")) == [False, True, False, False]
    assert found(length=Missing()) == [False, False, True, False]
    assert found(kind=Missing(False)) == [True, True, False, True]
    assert found(kind=Equals("x")) == [True, False, False, False]
    assert found(kind=AnyOf(("x", "z"))) == [True, False, False, True]
    assert found(kind=AnyOf(("x",), missing=True)) == [True, False, True, False]
    assert found(kind=AnyOf(("x", "z")), age=Between("2", "4")) == [False, False, False, True]
    assert found() == [True] * 4


def test_model_that_answers_as_the_population_is_as_good_as_real_rows() -> None:
    train, held_out, population = rows(2_000, 0), rows(2_000, 1), rows(20_000, 2)

    def draw(tests: Mapping[str, Test], count: int) -> pd.DataFrame:
        return population[fulfils(population, tests, COLUMNS)][:count]

    asked = list(questions(CONDITIONS, train, held_out, population, COLUMNS, count=12, seed=0))
    answers = [answer(one, train, held_out, draw, COLUMNS, 0) for one in asked]
    section = conditions.evaluate(answers)
    assert section
    found = {figure.metric: figure for figure in section.figures}
    assert found["condition_fulfilment"].value == 1
    assert found["conditional_shape_error"].value == pytest.approx(found["conditional_shape_error"].reference, abs=1.5)
    assert "conditional_shape_error_late" in found
    assert all(set(one.tests) <= {"age", "kind"} for one in asked if one.late)
    assert {len(one.tests) for one in asked} == {1, 2, 3} or {len(one.tests) for one in asked} == {1, 2}

    ignores = [answer(one, train, held_out, lambda _, count: population[:count], COLUMNS, 0) for one in asked]
    assert np.mean([one.fulfilled for one in ignores]) < 0.7
    assert np.mean([one.error for one in ignores]) > found["conditional_shape_error"].value + 2


def test_model_without_conditions_is_asked_nothing() -> None:
    assert not list(questions([], rows(50, 0), rows(50, 1), rows(50, 2), COLUMNS, count=4, seed=0))
    assert conditions.evaluate([]) is None


def real_rows(count: int) -> TypedTable:
    frame = rows(count, 0)
    codes = {"kind": frame.kind.map({"x": 0, "y": 1, "z": 2}).to_numpy(np.int32)}
    numbers = {name: frame[name].to_numpy() for name in ("length", "width", "age")}
    return typed_rows(COLUMNS.schema, numbers | codes)


def test_bits_are_those_of_the_probability() -> None:
    train, held_out = real_rows(100), real_rows(50)
    section = likelihood.evaluate(lambda table: np.full(len(table), np.log(1 / 8)), RealRows(train, held_out))
    assert section
    bits, attack = section.figures
    assert (bits.value, bits.reference) == pytest.approx((3.0, 3.0))
    assert attack.value == 0.5
    by_heart = likelihood.evaluate(
        lambda table: np.full(len(table), -float(100 - len(table))), RealRows(train, held_out)
    )
    assert by_heart
    assert by_heart.figures[1].value == 1
    assert likelihood.evaluate(lambda table: np.zeros(len(table)), RealRows(train)) is None
    impossible = likelihood.evaluate(lambda table: np.full(len(table), -np.inf), RealRows(train, held_out))
    assert impossible
    assert not impossible.figures
    assert "150 real rows no probability" in impossible.summary


def test_pictures_tell_nothing_of_rare_values() -> None:
    real, drawn = rows(300, 0), rows(300, 1)
    kinds = real.kind.to_numpy(object)
    rare = [real.assign(kind=pd.array([name, *kinds[1:]], dtype="string")) for name in ("Anna", "Berta")]
    one, two = (distribution(frame.kind, drawn.kind, COLUMNS) for frame in rare)
    assert one == two
    extremes = [real.assign(length=[value, *real.length[1:]]) for value in (1e6, 1e9)]
    one, two = (distribution(frame.length, drawn.length, COLUMNS) for frame in extremes)
    assert one == two


def test_ranges_tell_nothing_of_single_rows() -> None:
    real = rows(300, 0).assign(length=np.linspace(123_456.0, 987_654.0, 300))
    section = fidelity.evaluate(compared([split(real[:150], real[150:], rows(300, 1))]))
    told = str([table.rows for table in section.tables])
    assert not any(f"{value:.2f}" in told for value in real.length)


def test_pictures_are_the_worst_first() -> None:
    real = rows(300, 0)
    drawn = real.assign(age=real.age + 400, width=real.width + 1.0)
    plots = distributions.evaluate(compared([split(real[:150], real[150:], drawn)], drawn, real)).plots
    assert [plot.subject for plot in plots] == ["age", "width", "length", "kind"]
    assert len({plot.name for plot in plots}) == 4


@pytest.mark.parametrize("source", list(Source))
def test_summary_says_what_is_compared(source: Source) -> None:
    section = fidelity.evaluate(compared(splits(1, 60), source=source))
    assert ("--retrain" in section.summary) == (source is Source.GRAPH_SEEN_ALL)
    assert ("shape_score_graph" in {figure.metric for figure in section.figures}) == (source is Source.RETRAINED)
