"""Where the real rows of a package are, and how many of them a report needs."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import COLUMN_TYPE_INT64, Column, TableSchema
from synthserve_training.errors import EvaluationError, ReadingError
from synthserve_training.evaluation import sources, tables
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.measures import boosting
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.splits import Comparison
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.typed import TypedColumn, TypedTable

RECIPE = """
model = "made-up"
[source]
address = "{address}"
[card]
summary = "Made up"
training_data = "t.csv"
training_data_license = "None"
license = "None"
intended_use = "Tests"
[[columns]]
name = "x"
type = "integer"
"""


@pytest.mark.parametrize("given", [False, True])
def test_table_that_is_elsewhere_is_asked_for(tmp_path: Path, given: bool) -> None:
    absent = str(tmp_path / "t.csv")
    subject = SimpleNamespace(text=RECIPE.format(address=absent), data=absent if given else None)
    with pytest.raises(ReadingError, match=r"t\.csv: there is no such file") as caught:
        sources.real_rows(cast(Subject, subject))
    assert ("--data" in str(caught.value)) is not given


@pytest.mark.parametrize(
    ("train", "held_out", "message"),
    [
        (19, 0, "19 rows are too few to measure with: 20 are needed"),
        (18, 10, "18 rows are too few"),
        (81, 9, "9 held-out rows are too few to measure with: 10 are needed, and `fit --held-out` keeps"),
        (20, 1, "one held-out row is too few"),
    ],
)
def test_few_rows_are_not_measured(train: int, held_out: int, message: str) -> None:
    columns = [ColumnOptions(name="x", type=ColumnType.INTEGER)]
    parts = [
        TypedTable([TypedColumn(columns[0], np.arange(count), np.ones(count, np.bool_))]) for count in (train, held_out)
    ]
    manifest = Manifest(table=TableSchema(columns=[Column(name="x", type=COLUMN_TYPE_INT64)]))
    with pytest.raises(EvaluationError, match=message):
        tables.prepare(cast(Subject, SimpleNamespace(manifest=manifest)), RealRows.of(columns, *parts))


def sorted_table(train: NDArray[np.int64], held_out: NDArray[np.int64]) -> Comparison:
    """Tables of one ascending column, as they are prepared."""
    options = ColumnOptions(name="x", type=ColumnType.INTEGER)
    parts = [
        TypedTable([TypedColumn(options, np.sort(part), np.ones(len(part), np.bool_))]) for part in (train, held_out)
    ]
    manifest = Manifest(table=TableSchema(columns=[Column(name="x", type=COLUMN_TYPE_INT64)]))
    subject = SimpleNamespace(
        manifest=manifest, seed=0, retrain=0, samples=lambda count: iter([{"x": np.zeros(count, np.int64)}])
    )
    return tables.prepare(cast(Subject, subject), RealRows.of([options], *parts))


@pytest.mark.parametrize("held_out", [500, 0])
def test_first_rows_of_a_sorted_table_are_as_the_others(held_out: int) -> None:
    (split,) = sorted_table(np.arange(5_000), np.arange(held_out)).splits
    for part in (split.train, split.held_out):
        assert part["x"].is_unique
        # Six standard errors of the mean of 100 of them.
        assert abs(part["x"][:100].mean() - part["x"].mean()) < 0.6 * part["x"].std()
    if held_out:
        assert set(split.train["x"]) == set(range(5_000))
        assert set(split.held_out["x"]) == set(range(held_out))
    else:
        assert set(split.train["x"]) | set(split.held_out["x"]) == set(range(5_000))


def test_folds_of_a_sorted_table_are_random() -> None:
    generator = np.random.default_rng(1)
    prepared = sorted_table(*(generator.integers(0, 100, count) for count in (3_000, 1_000)))
    (split,) = prepared.splits
    same = min(len(split.train), len(split.held_out))
    area = boosting.tell_apart(split.held_out[:same], split.train[:same], prepared.columns, split.seed)
    assert area == pytest.approx(0.5, abs=0.1)
