"""Real rows reach the method `score` of a package as the rows that it generates do."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.fixtures.token_models import column, every_kind, model_of

from synthserve_core.compute.devices import CPU
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import MethodKind
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.scoring import scorer
from synthserve_training.models import contract
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedColumn, TypedTable


def subject(model: TableModel, *, with_score: bool = True) -> Subject:
    drawing, scoring = model.graph(), model.scoring_graph()
    assert scoring is not None
    described = contract.describe(drawing, 100, scoring=scoring if with_score else None)
    session = Session(scoring.model.SerializeToString(), CPU, 100)
    package: Any = SimpleNamespace(model=described, sessions={MethodKind.SCORE: session})
    return cast(Subject, SimpleNamespace(package=package, manifest=SimpleNamespace(table=drawing.schema)))


def test_rows_of_all_kinds_are_scored_in_order() -> None:
    table = every_kind(rows=230)
    score = scorer(subject(model_of(table)))
    assert score is not None
    found = score(table)
    assert found.shape == (230,)
    assert np.isfinite(found).all()
    order = np.random.default_rng(0).permutation(230)
    np.testing.assert_allclose(score(table.take(order)), found[order], atol=1e-5)
    assert len(np.unique(np.round(found, 6))) > 200


def test_package_without_the_method_has_no_scores() -> None:
    assert scorer(subject(model_of(every_kind()), with_score=False)) is None


def test_values_that_the_model_does_not_have_lower_the_score() -> None:
    names = np.repeat(["x", "y"], 50)
    model = model_of(TypedTable([column(ColumnType.CATEGORY, names)]))
    score = scorer(subject(model))
    assert score is not None
    seen, unseen = score(TypedTable([column(ColumnType.CATEGORY, np.array(["x", "new"]))]))
    missing = score(TypedTable([column(ColumnType.CATEGORY, np.array(["x", "x"]), np.array([True, False]))]))
    assert unseen < seen
    assert missing[1] == unseen


@pytest.mark.parametrize("pattern", ["%H:%M", "%I.%M.%S %p", "%H:%M:%S.%f"])
def test_times_are_written_as_the_model_writes_them(pattern: str) -> None:
    minutes = np.random.default_rng(0).integers(0, 1440, 300) * 60_000_000
    table = TypedTable([column(ColumnType.TIME, minutes, patterns=(pattern,))])
    model = model_of(table, min_rows=1)
    score = scorer(subject(model))
    assert score is not None
    # All of the times are in the model, so none has a score as low as that of a time that is not.
    strange = TypedTable([column(ColumnType.TIME, np.array([1_000_000 * 60 * 1440 - 60_000_000]), patterns=(pattern,))])
    in_model = minutes == strange.columns[0].values[0]
    assert in_model.any() or score(strange)[0] < score(table).min()


def test_texts_of_templates_are_scored_as_they_are_drawn() -> None:
    texts = [*(f"A-{number}" for number in range(100, 150)), "A-10000"]
    options = ColumnOptions(name="code", type=ColumnType.TEXT, templates=True)
    present = np.ones(len(texts), np.bool_)
    learnt = TypedColumn(options, np.arange(51, dtype=np.int32), present, tuple(texts))
    score = scorer(subject(model_of(TypedTable([learnt]), min_rows=20)))
    assert score is not None
    found = score(TypedTable([learnt]))
    assert len(np.unique(found[:50])) == 1
    assert found[50] < np.log(0.5)  # too long to be drawn
    missing = score(TypedTable([TypedColumn(options, learnt.values, ~present, learnt.texts)]))
    assert set(missing) == {found[50]}
