"""Where the real rows of a package are, and how many of them a report needs."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import COLUMN_TYPE_INT64, Column, TableSchema
from synthserve_training.errors import EvaluationError, ReadingError
from synthserve_training.evaluation import sources, tables
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.real import RealRows
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
