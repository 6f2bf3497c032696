import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.tables import COLUMNS, rows

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_DOUBLE, Column, TableSchema
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures import similarity

numbers = st.lists(st.integers(-50, 50), min_size=2, max_size=40).map(pd.Series)
categories = st.lists(st.sampled_from("abcd"), min_size=1, max_size=40).map(pd.Series)


SDMETRICS_COLUMNS = Columns(
    TableSchema(
        columns=[
            Column(name="a", type=COLUMN_TYPE_DOUBLE),
            Column(name="b", type=COLUMN_TYPE_DOUBLE),
            Column(name="k", type=COLUMN_TYPE_CATEGORY, categories=["x", "y", "z"]),
            Column(name="l", type=COLUMN_TYPE_CATEGORY, categories=["up", "down"]),
        ]
    ),
    target=None,
)


def sdmetrics_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    generator = np.random.default_rng(7)

    def table(count: int, shift: float, shares: list[float]) -> pd.DataFrame:
        a = generator.normal(shift, 1, count).round(3)
        b = (0.6 * a + generator.normal(0, 1, count)).round(3)
        k = generator.choice(["x", "y", "z"], count, p=shares)
        return pd.DataFrame(
            {"a": a, "b": b, "k": k, "l": np.where(a > 0, "up", generator.choice(["up", "down"], count))}
        )

    return table(200, 0.0, [0.5, 0.3, 0.2]), table(150, 0.4, [0.3, 0.3, 0.4])


def test_scores_are_those_of_sdmetrics() -> None:
    # What SDMetrics 0.32.0 gives for the same tables.
    real, other = sdmetrics_tables()
    assert similarity.ks_complement(real.a, other.a) == pytest.approx(0.7716666666666667)
    assert similarity.ks_complement(real.b, other.b) == pytest.approx(0.7733333333333333)
    assert similarity.tv_complement(real.k, other.k) == pytest.approx(0.7733333333333333)
    assert similarity.tv_complement(real.l, other.l) == pytest.approx(0.8916666666666666)
    trends = similarity.trends(real, other, SDMETRICS_COLUMNS)
    assert trends["a", "b"] == pytest.approx(0.9766385364452455)
    assert trends["k", "l"] == pytest.approx(0.7433333333333334)


def test_missing_values_are_treated_as_by_sdmetrics() -> None:
    # What SDMetrics 0.32.0 gives for the same tables, the numbers in ten bins of the real range.
    real, other = sdmetrics_tables()
    for frame in (real, other):
        frame.loc[::7, "b"] = np.nan
        frame.loc[::5, "k"] = None
    assert similarity.ks_complement(real.b, other.b) == pytest.approx(0.7840369152046783)
    assert similarity.tv_complement(real.k, other.k) == pytest.approx(0.78125)
    trends = similarity.trends(real, other, SDMETRICS_COLUMNS)
    assert trends["a", "b"] == pytest.approx(0.9968725339734688)
    assert trends["a", "k"] == pytest.approx(0.645)
    assert trends["b", "k"] == pytest.approx(0.6716666666666666)
    assert trends["b", "l"] == pytest.approx(0.76)


def test_errors_are_in_per_cent() -> None:
    assert similarity.error({"a": 1.0, "b": 0.98}) == pytest.approx(1.0)
    assert similarity.error({}) == 0


def test_missing_patterns_are_compared_as_a_whole() -> None:
    schema = TableSchema(columns=[Column(name=name, type=COLUMN_TYPE_DOUBLE, nullable=True) for name in "ab"])
    columns = Columns(schema, target=None)
    nan = np.nan
    together = pd.DataFrame({"a": [nan, nan, 1, 1], "b": [nan, nan, 1, 1]})
    apart = pd.DataFrame({"a": [nan, nan, 1, 1], "b": [1, 1, nan, nan]})
    assert similarity.missing_patterns(together, together[::-1], columns) == 0
    assert similarity.missing_patterns(together, apart, columns) == 1  # though each column is as often missing
    assert similarity.missing_patterns(together, together[:3], columns) == pytest.approx(2 / 3 - 1 / 2)


def test_pairs_of_a_wide_table_are_drawn() -> None:
    names = [f"c{number}" for number in range(210)]
    columns = Columns(TableSchema(columns=[Column(name=name, type=COLUMN_TYPE_DOUBLE) for name in names]), target=None)
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(5, 210)), columns=names)
    scores = similarity.trends(table, table, columns)
    assert len(scores) == 20_000
    assert set(scores.values()) == {1.0}


def test_joint_table_that_is_too_large_to_count_is_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    real, other = sdmetrics_tables()
    counted = similarity.trends(real, other, SDMETRICS_COLUMNS)
    monkeypatch.setattr(similarity, "_MOST_CELLS", 1)
    assert similarity.trends(real, other, SDMETRICS_COLUMNS) == pytest.approx(counted)


@given(values=numbers)
def test_column_is_equal_to_itself_in_any_order(values: pd.Series) -> None:
    assert similarity.ks_complement(values, values.sample(frac=1, random_state=0)) == 1
    assert similarity.tv_complement(values, values.sample(frac=1, random_state=0)) == pytest.approx(1)


@given(first=numbers, second=numbers)
def test_ks_is_symmetric_within_bounds_and_blind_to_rising_maps(first: pd.Series, second: pd.Series) -> None:
    score = similarity.ks_complement(first, second)
    assert 0 <= score <= 1
    assert similarity.ks_complement(second, first) == pytest.approx(score)
    assert similarity.ks_complement(first**3 + first, second**3 + second) == pytest.approx(score)
    assert similarity.ks_complement(first, second + 1000) == 0


@given(first=categories, second=categories)
def test_tv_is_symmetric_within_bounds_and_zero_without_a_common_category(first: pd.Series, second: pd.Series) -> None:
    score = similarity.tv_complement(first, second)
    assert -1e-12 <= score <= 1 + 1e-12
    assert similarity.tv_complement(second, first) == pytest.approx(score)
    assert similarity.tv_complement(first, second.str.upper()) == pytest.approx(0)


def test_pairs_of_shuffled_columns_are_unlike_though_each_column_is_equal() -> None:
    real = rows(2000, 0)
    shuffled = real.assign(length=real.length.sample(frac=1, random_state=0).to_numpy())
    assert set(similarity.shapes(real, shuffled, COLUMNS).values()) == {1.0}
    trends = similarity.trends(real, shuffled, COLUMNS)
    assert len(trends) == 6
    assert trends["length", "width"] < 0.75
    assert trends["length", "kind"] < 0.75
    assert trends["width", "age"] == 1
    assert similarity.correlation_difference(real, shuffled, COLUMNS) > 0.15
    assert set(similarity.trends(real, real, COLUMNS).values()) == {1.0}
    assert similarity.correlation_difference(real, real, COLUMNS) == 0


def test_constant_column_is_no_error() -> None:
    real = rows(50, 0)
    scores = similarity.trends(real, real.assign(length=1.0), COLUMNS)
    assert np.isfinite(list(scores.values())).all()
