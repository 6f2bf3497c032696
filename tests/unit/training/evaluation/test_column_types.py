"""Tables with columns of every type, in which values can be missing."""

import datetime

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.tables import split

from synthserve.v1 import schema_pb2
from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import Column, TableSchema
from synthserve_core.contract.model import Arrays, Validity
from synthserve_training.evaluation.tables import detection, fidelity, plots, privacy, similarity, utility
from synthserve_training.evaluation.tables.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.closeness import copied_share, distances
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features

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
    day, moment = datetime.date(1970, 1, 3), datetime.datetime(2024, 2, 29, 12, 0, 0, 500_000, tzinfo=datetime.UTC)
    frame = COLUMNS.real(
        pd.DataFrame(
            {
                "height": [170.5, None],
                "visits": [3, 4],
                "city": ["Graz", None],
                "member": [True, None],
                "name": ["Anna", None],
                "born": [pd.Timestamp(day), None],
                "seen": [moment, moment + datetime.timedelta(seconds=1)],
            }
        )
    )
    assert frame.iloc[0].tolist() == [170.5, 3.0, "Graz", "true", 2.0, moment.timestamp()]
    assert frame.iloc[1].isna().tolist() == [True, False, True, True, True, False]
    assert frame.dtypes.to_dict() == rows(2, 1).dtypes.to_dict()


def test_target_is_a_column_of_categories_though_a_condition_may_be_a_number() -> None:
    assert COLUMNS.target == "member"
    conditions = [schema_pb2.ConditionSpec(column=name) for name in ("height", "city")]
    assert Columns.of(Manifest(table=SCHEMA, conditions=conditions)).target == "city"
    numbers = TableSchema(columns=[column for column in SCHEMA.columns if column.name in ("height", "name", "born")])
    assert Columns.of(Manifest(table=numbers, conditions=conditions[:1])).target is None


def test_every_section_can_be_measured() -> None:
    splits = [split(rows(120, 3 * i), rows(120, 3 * i + 1), rows(120, 3 * i + 2), i) for i in range(2)]
    real, exported = rows(240, 90), rows(300, 91)
    section = fidelity.evaluate(splits, exported, real, COLUMNS)
    found = {figure.metric: figure for figure in section.figures}
    assert section.summary.endswith("Columns of text are not measured: name.")
    for metric in ("shape_score", "missing_value_similarity", "pair_trend_score"):
        assert found[metric].value == pytest.approx(found[metric].reference, abs=0.08)
    ranges = {row[0]: row[1:] for row in section.tables[1].rows}
    assert str(ranges["seen"][0]).startswith("2023-11-14 22:1")
    assert str(ranges["born"][0]).startswith("1970-")

    for figure in detection.evaluate(splits, COLUMNS).figures:
        assert figure.value == pytest.approx(0.5, abs=0.15)
    labelled = [
        split(s.train[s.train.member.notna()], s.held_out[s.held_out.member.notna()], s.drawn, s.seed) for s in splits
    ]
    assert "tstr_accuracy" in {figure.metric for figure in utility.evaluate(labelled, COLUMNS).figures}
    private = {figure.metric: figure for figure in privacy.evaluate(splits, exported, real, COLUMNS).figures}
    assert private["membership_attack_auc"].value == pytest.approx(0.5, abs=0.1)
    assert plots.columns(real, exported, COLUMNS).startswith(b"\x89PNG")
    assert plots.correlations(real, exported, COLUMNS.numbers).startswith(b"\x89PNG")


def test_table_without_numbers_can_be_measured() -> None:
    schema = TableSchema(columns=[column for column in SCHEMA.columns if column.name in ("city", "member")])
    columns = Columns.of(Manifest(table=schema))
    train, held_out, drawn, exported = (columns.frame([samples(60, seed)]) for seed in range(4))
    section = fidelity.evaluate([split(train, held_out, drawn)], exported, train, columns)
    assert {figure.metric for figure in section.figures} == {
        "shape_score", "tv_complement", "missing_value_similarity", "pair_trend_score", "shape_score_graph",
        "valid_share",
    }  # fmt: skip
    baseline = gaussian_per_class(train[train.member.notna()], columns, 0)
    assert list(baseline.columns) == ["city", "member"]


def test_missing_values_count_in_the_score_that_they_belong_to() -> None:
    real, fewer = rows(2000, 1), rows(2000, 2, missing=0.0)
    assert similarity.ks_complement(real.height, fewer.height) > 0.9
    assert similarity.tv_complement(real.city, fewer.city) == pytest.approx(0.7, abs=0.05)
    assert fidelity.measure(real, fewer, COLUMNS)["missing_value_similarity"] == pytest.approx(0.7, abs=0.03)
    assert fidelity.measure(real, real, COLUMNS)["missing_value_similarity"] == 1
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
