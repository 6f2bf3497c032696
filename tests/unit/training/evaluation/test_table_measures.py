"""Measures of tables whose right values are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from tests.fixtures.tables import COLUMNS, rows

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_INT64, Column, TableSchema
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures import boosting, intervals, singling_out, spikes
from synthserve_training.evaluation.tables.measures.closeness import copied_share, distances


def spiky_rows(count: int, seed: int) -> pd.DataFrame:
    """Amounts of mostly nothing, else one of few sums; whole years; and measurements."""
    generator = np.random.default_rng(seed)
    sums = generator.choice([2_174.0, 7_298.0, 15_024.0], count)
    return pd.DataFrame(
        {
            "amount": np.where(generator.random(count) < 0.8, 0.0, sums),
            "age": generator.integers(18, 60, count).astype(float),
            "size": generator.normal(size=count),
        }
    )


SPIKY = Columns(
    TableSchema(columns=[Column(name=name, type=COLUMN_TYPE_INT64) for name in ("amount", "age", "size")]), target=None
)


@pytest.mark.parametrize("scale", [1.0, 0.01, 1e6])
def test_spikes_do_not_depend_on_the_unit(scale: float) -> None:
    values = spiky_rows(2_000, 0)
    scaled = values.assign(amount=(values.amount * scale).round(2 if scale == 0.01 else 12))
    assert spikes.spiky(scaled, SPIKY) == ["amount"]


def test_spikes_are_values_that_repeat_with_gaps_between_them() -> None:
    assert spikes.spiky(spiky_rows(2_000, 0), SPIKY) == ["amount"]


def test_hits_are_counted_without_the_most_frequent_value() -> None:
    train = pd.Series([0.0, 0.0, 0.0, 5.0, 7.0])
    assert spikes.hit_rate(train, pd.Series([0.0, 0.0, 5.0, 6.0, np.nan, 7.0, 8.0])) == 0.5
    assert spikes.hit_rate(train, train) == 1
    assert spikes.hit_rate(train, pd.Series([0.0, np.nan])) is None


def test_auc_and_its_interval() -> None:
    generator = np.random.default_rng(0)
    positive, negative = generator.integers(0, 9, 400).astype(float) + 1, generator.integers(0, 9, 300).astype(float)
    area, (low, high) = intervals.auc(positive, negative)
    labels, scores = np.repeat([1, 0], [400, 300]), np.concatenate([positive, negative])
    assert area == pytest.approx(roc_auc_score(labels, scores))
    resampled = [intervals.auc(generator.choice(positive, 400), generator.choice(negative, 300))[0] for _ in range(300)]
    assert (high - low) / 2 == pytest.approx(1.96 * np.std(resampled), rel=0.15)
    assert intervals.auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == (1.0, (1.0, 1.0))


def test_interval_of_a_mean_and_of_a_share() -> None:
    assert intervals.of_mean(np.array([0.0, 1.0] * 200)) == pytest.approx((0.451, 0.549), abs=1e-3)
    assert intervals.of_share(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert intervals.of_share(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)


def test_interval_of_splits_of_the_same_rows_does_not_shrink_to_nothing() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, 1000)
    interval = intervals.of_splits(values, 1.0)
    assert interval
    low, high = interval
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * 0.1, rel=0.1)
    assert intervals.of_splits(np.full(5, 0.6), 1.0) == pytest.approx((0.6, 0.6))
    assert intervals.of_splits(np.array([0.6]), 1.0) is None


def test_boosting_guesses_among_equals_and_tells_shuffled_columns_from_real_rows() -> None:
    real = rows(200, 0, noise=0.05)
    assert boosting.tell_apart(real, rows(200, 1, noise=0.05), COLUMNS, 0) == pytest.approx(0.5, abs=0.12)
    shuffled = pd.DataFrame({name: real[name].sample(frac=1, random_state=i).array for i, name in enumerate(real)})
    assert boosting.tell_apart(real, shuffled, COLUMNS, 0) > 0.7


def test_boosting_predicts_what_can_be_predicted() -> None:
    train, test = rows(300, 0, noise=0.05), rows(200, 1, noise=0.05)
    assert boosting.predict(train, test, COLUMNS, "kind") == pytest.approx(1.0, abs=0.01)
    labels = train.kind.sample(frac=1, random_state=0).array
    chance = boosting.predict(train.assign(kind=labels), test, COLUMNS, "kind")
    assert chance == pytest.approx(0.5, abs=0.15)
    assert boosting.predict(train[train.kind == "x"], test, COLUMNS, "kind") is None
    assert boosting.predict(train, test[test.kind == "x"], COLUMNS, "kind") is None
    two, asked = train[train.kind != "z"], test[test.kind != "z"]
    assert boosting.predict(two, asked, COLUMNS, "kind") == pytest.approx(1.0, abs=0.01)


def test_released_rows_single_out_and_rows_drawn_anew_do_not() -> None:
    train, held_out, fresh = rows(600, 10), rows(600, 11), rows(600, 12)
    for attack in (singling_out.univariate, singling_out.multivariate):
        copies = attack(train, held_out, train, COLUMNS, 0)
        assert copies
        assert copies.train == 1
        assert copies.value == pytest.approx(1)
        others = attack(train, held_out, fresh, COLUMNS, 0)
        assert others
        assert others.interval[0] <= 0 <= others.interval[1]


def test_no_generated_row_is_unique() -> None:
    schema = TableSchema(columns=[Column(name="kind", type=COLUMN_TYPE_CATEGORY, categories=["x", "y"])])
    same = pd.DataFrame({"kind": pd.array(["x", "y"] * 50, dtype="string")})
    columns = Columns(schema, "kind")
    assert singling_out.univariate(same, same, same, columns, 0) is None
    assert singling_out.multivariate(same, same, same, columns, 0) is None


def test_shares_are_extrapolated_to_larger_tables() -> None:
    # Of predicates whose chance is exponentially distributed; the number of rows that fit is then geometric.
    generator = np.random.default_rng(0)
    chances = generator.exponential(1 / 4_000, 20_000)
    small, large = (generator.poisson(size * chances) for size in (1_000, 8_000))
    factor = singling_out.size_factor(small, 1_000, 8_000)
    assert factor * (small == 1).mean() == pytest.approx((large == 1).mean(), rel=0.05)
    assert singling_out.size_factor(small, 1_000, 1_000) == 1


def test_share_of_sharp_neighbours_is_half_among_equals_and_one_of_copies() -> None:
    train, held_out, fresh = rows(400, 0), rows(400, 1), rows(400, 2)
    assert distances(train, held_out, fresh, COLUMNS).sharper.mean() == pytest.approx(0.5, abs=0.08)
    assert distances(train, held_out, train, COLUMNS).sharper.mean() > 0.99


def test_half_of_the_rows_are_copies() -> None:
    train, fresh = rows(100, 0), rows(100, 1)
    assert copied_share(pd.concat([train, fresh]), train) == 0.5
