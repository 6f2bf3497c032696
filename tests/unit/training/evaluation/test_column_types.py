"""Tables with columns of every type, in which values can be missing."""

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.tables import compared, split, typed_rows

from synthserve.v1 import schema_pb2
from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import Column, TableSchema
from synthserve_core.contract.model import Arrays, Validity
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.measures import similarity
from synthserve_training.evaluation.tables.measures.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.measures.closeness import copied_share, distances
from synthserve_training.evaluation.tables.plots import pairs
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.sections import detection, distributions, fidelity, privacy, utility
from synthserve_training.evaluation.tables.splits import Source
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role
from synthserve_training.tables.typed import TypedColumn, TypedTable

SCHEMA = TableSchema(
    columns=[
        Column(name="height", type=schema_pb2.COLUMN_TYPE_DOUBLE, decimals=1, unit="cm", nullable=True),
        Column(name="visits", type=schema_pb2.COLUMN_TYPE_INT64),
        Column(name="city", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=["Graz", "Linz"], nullable=True),
        Column(name="member", type=schema_pb2.COLUMN_TYPE_BOOL, nullable=True),
        Column(name="name", type=schema_pb2.COLUMN_TYPE_STRING, max_bytes=8, nullable=True),
        Column(name="born", type=schema_pb2.COLUMN_TYPE_DATE, nullable=True),
        Column(name="seen", type=schema_pb2.COLUMN_TYPE_TIMESTAMP, utc=True),
    ]
)
COLUMNS = Columns.of(Manifest(table=SCHEMA))


def samples(count: int, seed: int, *, missing: float = 0.3) -> Arrays:
    """Arrays as a graph gives them; missing values hold what no column can have."""
    generator = np.random.default_rng(seed)

    def valid() -> np.ndarray:
        return generator.random(count) >= missing

    there = {name: valid() for name in ("height", "city", "member", "name", "born")}
    city = generator.integers(0, 2, count)
    return {
        "height": np.where(there["height"], (170 + 10 * city + generator.normal(0, 5, count)).round(1), np.nan),
        "visits": generator.integers(0, 50, count),
        "city": np.where(there["city"], city, 99).astype(np.int32),
        "member": generator.random(count) < 0.5,
        "name": generator.integers(97, 123, (count, 8), np.uint8),
        "born": np.where(there["born"], generator.integers(0, 20_000, count), 2**31 - 1).astype(np.int32),
        "seen": 1_700_000_000_000_000 + generator.integers(0, 86_400_000_000, count),
        **{Validity(name): valid for name, valid in there.items()},
    }


def rows(count: int, seed: int, *, missing: float = 0.3) -> pd.DataFrame:
    return COLUMNS.frame([samples(count, seed, missing=missing)])


def test_frame_has_no_value_where_a_sample_has_none() -> None:
    first, second = samples(40, 1), samples(30, 2)
    frame = COLUMNS.frame([first, second])
    assert list(frame.columns) == ["height", "visits", "city", "member", "born", "seen"]
    for name in ("height", "city", "member", "born"):
        valid = np.concatenate([first[Validity(name)], second[Validity(name)]])
        assert frame[name].notna().tolist() == valid.tolist()
    assert set(frame.city.dropna()) == {"Graz", "Linz"}
    assert set(frame.member.dropna()) == {"false", "true"}
    assert frame.born.max() < 20_000
    assert frame.seen.between(1_700_000_000, 1_700_086_400).all()


def test_real_rows_have_the_form_of_samples() -> None:
    drawn = samples(50, 3)
    frame = COLUMNS.real(typed_rows(SCHEMA, drawn))
    pd.testing.assert_frame_equal(frame, COLUMNS.frame([drawn]))


def test_real_rows_of_other_types_are_converted_or_refused() -> None:
    def column(name: str, kind: ColumnType, values: np.ndarray, texts: tuple[str, ...] = ()) -> TypedColumn:
        return TypedColumn(ColumnOptions(name=name, type=kind), values, np.array([True, False]), texts)

    def real(*columns: TypedColumn) -> pd.DataFrame:
        schema = TableSchema(columns=[c for c in SCHEMA.columns if c.name in {one.options.name for one in columns}])
        return Columns.of(Manifest(table=schema)).real(TypedTable(columns))

    found = real(
        column("height", ColumnType.EMPTY, np.zeros(2, np.int32)),
        column("visits", ColumnType.TIME, np.array([7, 0])),
        column("city", ColumnType.INTEGER, np.array([80, 0])),
    )
    assert found.height.isna().all()
    assert found.visits[0] == 7
    assert found.city[0] == "80"
    assert found.isna().iloc[1].all()
    with pytest.raises(EvaluationError, match="visits is text in the real rows, and numbers in the package"):
        real(column("visits", ColumnType.ID, np.zeros(2, np.int32), ("007",)))
    with pytest.raises(EvaluationError, match="no column height, visits, city, member, born, seen"):
        COLUMNS.real(TypedTable([]))


def test_columns_that_rules_make_are_left_out() -> None:
    visits = ColumnOptions(name="visits", type=ColumnType.INTEGER, role=Role.RULE, rule={"kind": "sequence"})
    height = ColumnOptions(name="height", type=ColumnType.DECIMAL)
    table = TypedTable([TypedColumn(height, np.array([1.7, 1.8]), np.ones(2, np.bool_))])
    real = RealRows.of([visits, height], table, table.take(np.arange(0)))
    assert real.held_out is None
    schema = TableSchema(columns=[column for column in SCHEMA.columns if column.name in ("visits", "height")])
    assert list(Columns.of(Manifest(table=schema), made_up=real.made_up).real(real.train)) == ["height"]
    columns = Columns.of(Manifest(table=SCHEMA), made_up=real.made_up)
    assert columns.measured == ["height", "city", "member", "born", "seen"]
    train, held_out, drawn = (columns.frame([samples(60, seed)]) for seed in range(3))
    parts = [split(train, held_out, drawn)]
    assert "rules make are not measured: visits." in fidelity.evaluate(compared(parts, columns=columns)).summary


def test_target_is_the_last_column_of_categories_or_the_named_one() -> None:
    assert COLUMNS.target == "member"
    assert Columns.of(Manifest(table=SCHEMA), target="city").target == "city"
    with pytest.raises(EvaluationError, match="'height' is no column of categories"):
        Columns.of(Manifest(table=SCHEMA), target="height")
    numbers = TableSchema(columns=[column for column in SCHEMA.columns if column.name in ("height", "name", "born")])
    assert Columns.of(Manifest(table=numbers)).target is None


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("height", 170.5, "170.5"),
        ("visits", 3.0, "3"),
        ("born", 2.0, "1970-01-03"),
        ("seen", 1_700_000_000.0, "2023-11-14T22:13:20Z"),
    ],
)
def test_number_is_written_as_conditions_take_it(name: str, value: float, text: str) -> None:
    assert COLUMNS.literal(name, value) == text
    assert COLUMNS.number(name, text) == value


def test_every_section_can_be_measured() -> None:
    splits = [split(rows(150, 0), rows(150, 1), rows(150, 2))]
    real, exported = rows(240, 90), rows(300, 91)
    section = fidelity.evaluate(compared(splits, exported, real, columns=COLUMNS))
    found = {figure.metric: figure for figure in section.figures}
    assert section.summary.endswith("Columns of text are not measured: name.")
    for metric in ("shape_score", "missing_value_similarity", "pair_trend_score"):
        assert found[metric].value == pytest.approx(found[metric].reference, abs=0.08)
    ranges = {row[0]: row[1:] for row in section.tables[1].rows}
    assert str(ranges["seen"][0]).startswith("2023-11-14 2")
    assert str(ranges["born"][0]).startswith("197")

    for figure in detection.evaluate(compared(splits, columns=COLUMNS)).figures:
        assert figure.value == pytest.approx(0.5, abs=0.15)
    labelled = [
        split(s.train[s.train.member.notna()], s.held_out[s.held_out.member.notna()], s.drawn, s.seed) for s in splits
    ]
    useful = utility.evaluate(labelled, COLUMNS, Source.RETRAINED)
    assert useful
    assert "tstr_accuracy" in {figure.metric for figure in useful.figures}
    private = {
        figure.metric: figure for figure in privacy.evaluate(compared(splits, exported, real, columns=COLUMNS)).figures
    }
    assert private["membership_attack_auc"].value == pytest.approx(0.5, abs=0.1)
    pictures = distributions.evaluate(compared(splits, exported, real, columns=COLUMNS)).plots
    assert {plot.subject for plot in pictures} == set(COLUMNS.measured)
    assert all(plot.png.startswith(b"\x89PNG") for plot in pictures)
    assert pairs.correlation_maps(real, exported, COLUMNS.numbers).startswith(b"\x89PNG")


def test_table_without_numbers_can_be_measured() -> None:
    schema = TableSchema(columns=[column for column in SCHEMA.columns if column.name in ("city", "member")])
    columns = Columns.of(Manifest(table=schema))
    train, held_out, drawn, exported = (columns.frame([samples(60, seed)]) for seed in range(4))
    section = fidelity.evaluate(compared([split(train, held_out, drawn)], exported, train, columns=columns))
    assert {figure.metric for figure in section.figures} == {
        "shape_error", "trend_error", "missing_pattern_distance", "shape_score", "tv_complement",
        "missing_value_similarity", "pair_trend_score", "shape_score_graph", "valid_share",
    }  # fmt: skip
    baseline = gaussian_per_class(train[train.member.notna()], columns, 0)
    assert list(baseline.columns) == ["city", "member"]


def test_missing_values_count_in_the_score_that_they_belong_to() -> None:
    real, fewer = rows(2000, 1), rows(2000, 2, missing=0.0)
    assert similarity.ks_complement(real.height, fewer.height) > 0.9
    assert similarity.tv_complement(real.city, fewer.city) > 0.9
    assert fidelity.similarities(real, fewer, COLUMNS)["missing_value_similarity"] == pytest.approx(0.7, abs=0.03)
    assert fidelity.similarities(real, real, COLUMNS)["missing_value_similarity"] == 1
    nothing = real.assign(height=np.nan)
    assert similarity.ks_complement(real.height, nothing.height) == 0
    assert similarity.ks_complement(nothing.height, nothing.height) == 1
    detectable = detection.detect(real[:300], fewer[:300], COLUMNS, detection.DETECTORS["gradient_boosting"](), 0)
    assert detectable > 0.75


def test_value_is_only_missing_where_it_can_be() -> None:
    real = rows(200, 1)
    exported = real[:100].copy()
    exported.loc[:24, "visits"] = np.nan
    assert fidelity.validity(exported, real, COLUMNS)["valid_share"].value == pytest.approx(0.75)


def test_missing_values_of_copies_are_equal() -> None:
    real = rows(80, 1)
    assert copied_share(real, real) == 1
    assert copied_share(real.assign(born=np.nan), real) == pytest.approx(float(real.born.isna().mean()))
    assert distances(real[:40], real[40:], real[:40], COLUMNS).synthetic.max() == 0


def test_missing_number_is_a_feature_of_its_own_and_counts_one_in_distances() -> None:
    real = rows(500, 1)
    features = Features.of(real, COLUMNS)
    one = real[real.height.notna()][:1].assign(height=real.height.median())
    none = one.assign(height=np.nan)
    assert np.isfinite(features(real)).all()
    assert np.linalg.norm(features.standardised(one) - features.standardised(none)) == pytest.approx(1)
    other = one.assign(city=one.city.map({"Graz": "Linz", "Linz": "Graz"}))
    assert np.linalg.norm(features.standardised(one) - features.standardised(other)) == pytest.approx(
        0.0 if one.city.isna().all() else 1.0
    )


def test_gaussian_per_class_is_missing_values_as_often_as_the_class() -> None:
    train = rows(3000, 1)
    train = train[train.member.notna()]
    drawn = gaussian_per_class(train, COLUMNS, 1)
    for name in ("height", "city", "born"):
        assert drawn[name].isna().mean() == pytest.approx(train[name].isna().mean(), abs=0.04)
    assert drawn.height.mean() == pytest.approx(train.height.mean(), abs=0.5)
