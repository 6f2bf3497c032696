"""The section about constraints: how many real and generated rows violate each."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.fixtures.constrained import ConstrainedModel
from tests.fixtures.token_models import column

from synthserve.v1.schema_pb2 import COLUMN_TYPE_STRING, Column
from synthserve_core.contract.model import Validity
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import sources
from synthserve_training.evaluation.figures import Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.arrays import of_table, to_table
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.sections import constraints
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.constraints.kinds import Combinations, Constraint, Dependency, Order, Range, Unique
from synthserve_training.tables.typed import TypedColumn, TypedTable

INTEGER, CATEGORY = ColumnType.INTEGER, ColumnType.CATEGORY


def table(low: list[int], high: list[int], code: str, place: str) -> TypedTable:
    return TypedTable(
        [
            column(INTEGER, np.array(low), name="low"),
            column(INTEGER, np.array(high), name="high"),
            column(CATEGORY, np.array(list(code)), name="code"),
            column(CATEGORY, np.array(list(place)), name="place"),
        ]
    )


TRAIN = table([1, 2, 3, 4], [2, 2, 2, 9], "aabb", "xxyy")
CONSTRAINTS: list[Constraint] = [
    Range(column="low", low=1, high=4),
    Order(columns=("low", "high")),
    Dependency(key="code", column="place"),
    Combinations(columns=("code", "place")),
]


def counts(section: Section) -> dict[Any, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in section.tables[0].rows}


def test_rows_that_violate_each_constraint_are_counted() -> None:
    held_out = table([0, 1], [3, 3], "ab", "xx")
    drawn = table([7, 1, 1], [8, 0, 1], "acb", "yzy")
    section = constraints.evaluate(CONSTRAINTS, RealRows(TRAIN, held_out), drawn, 1)
    assert section.tables[0].columns == ("constraint", "training rows", "held-out rows", "synthetic rows")
    assert counts(section) == {
        "1 <= low <= 4": (0, 1, 1),
        "low <= high": (1, 0, 1),
        "code decides place": (0, 1, 1),  # no training row says what c decides
        "code, place have combinations of the data": (0, 1, 2),
    }
    (figure,) = section.figures
    assert figure.value == pytest.approx(2 / 3)
    assert figure.reference == 1.0


def test_worst_constraint_is_first_and_rare_combinations_count() -> None:
    section = constraints.evaluate(CONSTRAINTS, RealRows(TRAIN), TRAIN, 3)
    assert section.tables[0].rows[0] == ("code, place have combinations of the data", 4, 4)
    assert section.figures[0].reference == 1.0


def test_what_must_be_unique_is_checked_in_generated_rows() -> None:
    drawn = TypedTable([column(INTEGER, np.array([3, 4, 3, 5]), np.array([True, True, True, False]), name="id")])
    section = constraints.evaluate([Unique(column="id")], RealRows(TRAIN), drawn, 1)
    assert counts(section) == {"id is unique": (None, 2)}


def test_generated_rows_of_a_model_violate_nothing() -> None:
    g = np.random.default_rng(0)
    low, code = g.integers(0, 60, 400), g.integers(0, 4, 400)
    start = g.integers(0, 80_000, 400) * 1_000_000
    real = TypedTable(
        [
            column(INTEGER, low + g.integers(0, 9, 400), g.random(400) < 0.8, name="high"),
            column(INTEGER, low, name="low"),
            column(CATEGORY, np.array(list("pqrs"))[code], name="code"),
            column(CATEGORY, np.array(list("xy"))[code // 2], name="place"),
            column(ColumnType.TIME, start + g.integers(0, 5, 400) * 1_000_000, name="stop"),
            column(ColumnType.TIME, start, name="start", patterns=("%I:%M:%S %p",)),
        ]
    )
    declared: list[Constraint] = [*CONSTRAINTS[1:3], Order(columns=("start", "stop"))]
    model = ConstrainedModel(real, declared)
    outputs = model.outputs(model.noise(2_000), {})
    samples: Any = {name.removeprefix("column:"): values for name, values in outputs.items() if name[0] == "c"}
    samples |= {Validity(name[6:]): values for name, values in outputs.items() if name.startswith("valid:")}
    options = {each.options.name: each.options for each in real.columns}
    drawn = to_table([samples], [(options[each.name], each) for each in model.graph.schema.columns])
    section = constraints.evaluate(declared, RealRows(real), drawn, 5)
    assert [row[2] for row in section.tables[0].rows] == [0] * 3
    broken = TypedTable([each.take(g.permutation(2_000)) for each in drawn.columns])
    assert all(row[2] for row in constraints.evaluate(declared, RealRows(real), broken, 5).tables[0].rows)


@pytest.mark.parametrize("pattern", ["%H:%M:%S", "%I.%M %p", "%H:%M:%S.%f"])
def test_times_are_read_as_they_are_written(pattern: str) -> None:
    unit = 1 if "%f" in pattern else 1_000_000 if "%S" in pattern else 60_000_000
    micros = np.random.default_rng(0).integers(0, 86_400_000_000 // unit, 200) * unit
    real = column(ColumnType.TIME, micros, name="at", patterns=(pattern,))
    length = len(pattern.replace("%f", "000000"))
    schema = Column(name="at", type=COLUMN_TYPE_STRING, max_bytes=length)
    arrays = of_table(TypedTable([real]), {"at": schema}, ["at"])
    assert np.array_equal(to_table([arrays], [(real.options, schema)])["at"].values, micros)


def test_texts_become_bytes_and_are_read_from_them() -> None:
    schema = Column(name="id", type=COLUMN_TYPE_STRING, max_bytes=3, nullable=True)
    options = ColumnOptions(name="id", type=ColumnType.ID)
    real = TypedColumn(
        options, np.array([2, 0, 1, 0], np.int32), np.array([True, True, True, False]), ("ab", "longer", "ü")
    )
    arrays = of_table(TypedTable([real]), {"id": schema}, ["id", Validity("id")])
    assert arrays["id"].tolist()[:3] == [[*"ü".encode(), 0], [*b"ab", 0], [255] * 3]
    read = to_table([arrays], [(options, schema)])["id"]
    assert [read.texts[code] for code in read.values[:2]] == ["ü", "ab"]
    assert read.valid.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        ('kind = "iris"', "was trained on the built-in dataset iris: give its folder as --data-dir, not --data"),
        ('kind = "file"\naddress = "people.csv"', r"where its recipe says, \[dataset\] address people.csv: leave out"),
    ],
)
def test_data_of_a_network_s_package_are_not_given_by_address(dataset: str, says: str) -> None:
    text = f"""
model = "made-up"
[dataset]
{dataset}
"""
    subject = SimpleNamespace(text=text, data="other.csv", manifest=SimpleNamespace(model="made-up"))
    subject.recipe = SimpleNamespace(dataset=_part(dataset))
    with pytest.raises(EvaluationError, match=f"made-up .*{says}"):
        sources.real_rows(cast(Subject, subject))


def _part(dataset: str) -> Any:
    import tomllib

    from synthserve_training.components import part

    return part("datasets", tomllib.loads(dataset))
