"""The metrics that this project computes itself, on small tables whose figures are known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import RobustScaler
from tests.benchmarks.tables.metrics import closeness, detection, frames, spikes, utility
from tests.benchmarks.tables.metrics.matrices import sparse
from tests.benchmarks.tables.roles import Roles
from xgboost import XGBClassifier

ROLES = Roles(numbers=("x", "y"), categories=("c", "t"), target="t")


def rows(count: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x = random.integers(0, 50, count)
    return pd.DataFrame(
        {
            "x": x,
            "y": random.normal(size=count),
            "c": random.choice(["a", "b", "c"], count),
            "t": np.where(x + random.normal(0, 3, count) > 25, "yes", "no"),
        }
    )


def test_rows_that_were_copied_are_nearer_to_the_training_rows() -> None:
    train, held_out = rows(300, 1), rows(300, 2)
    assert closeness.share(train, held_out, train, ROLES, seed=0) == 1.0
    assert closeness.share(train, held_out, held_out, ROLES, seed=0) == 0.0
    assert 0.3 < closeness.share(train, held_out, rows(300, 3), ROLES, seed=0) < 0.7


def test_equally_near_counts_one_half() -> None:
    train = rows(100, 1)
    assert closeness.share(train, train, rows(100, 2), ROLES, seed=0) == 0.5


def test_a_category_counts_as_two_ranges() -> None:
    roles = Roles(numbers=("x",), categories=("c",))
    train = pd.DataFrame({"x": [0.0, 10.0], "c": ["a", "b"]})
    held_out = pd.DataFrame({"x": [10.0, 10.0], "c": ["a", "a"]})
    # One whole range away from (0, a), and a category from (10, b): the number is nearer.
    other = pd.DataFrame({"x": [1.0], "c": ["a"]})
    assert closeness.share(train, held_out, other, roles, seed=0) == 1.0
    other = pd.DataFrame({"x": [9.0], "c": ["a"]})
    assert closeness.share(train, held_out, other, roles, seed=0) == 0.0


def test_missing_numbers_have_a_distance() -> None:
    train, held_out = rows(50, 1), rows(50, 2)
    other = rows(50, 3).assign(y=np.nan)
    assert 0.0 <= closeness.share(train, held_out, other, ROLES, seed=0) <= 1.0


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_spikes_are_hit_by_the_share_of_values_that_the_data_has(share: float, expected: float) -> None:
    train, held_out, other = rows(2000, 1), rows(2000, 2), rows(2000, 3)
    away = np.random.default_rng(0).random(len(other)) < share
    other["x"] = np.where(away, other["x"] + 0.5, other["x"])
    hits = spikes.worst(train, held_out, other, ROLES)
    assert hits is not None
    assert hits.column == "x"
    assert hits.rate == pytest.approx(expected, abs=0.05)
    assert hits.held_out == 1.0


def test_no_column_has_spikes() -> None:
    roles = Roles(numbers=("y",), categories=())
    assert spikes.worst(rows(500, 1), rows(500, 2), rows(500, 3), roles) is None


def test_the_most_frequent_value_is_no_spike() -> None:
    train = pd.DataFrame({"x": [0] * 900 + list(range(1, 101))})
    other = pd.DataFrame({"x": [0] * 900 + [1000] * 100})
    hits = spikes.worst(train, train, other, Roles(numbers=("x",), categories=()))
    assert hits is not None
    assert hits.rate == 0.0


def test_a_target_is_learnt_from_rows_that_have_it() -> None:
    train, test = rows(2000, 1), rows(1000, 2)
    assert utility.score(train, test, ROLES, 0, utility.QUICK_GRID) > 0.95
    shuffled = train.assign(t=train["t"].sample(frac=1, random_state=0).to_numpy())
    assert utility.score(shuffled, test, ROLES, 0, utility.QUICK_GRID) == pytest.approx(0.5, abs=0.15)


def test_the_setting_is_the_best_of_the_grid() -> None:
    # A tree whose leaves need more rows than there are learns nothing.
    grid = [{**utility.QUICK_GRID[0], "min_child_weight": 1e6}, *utility.QUICK_GRID]
    assert utility.score(rows(900, 1), rows(500, 2), ROLES, 0, grid) > 0.9


def test_a_target_of_one_class_teaches_nothing() -> None:
    train = rows(200, 1).assign(t="yes")
    assert utility.score(train, rows(200, 2), ROLES, 0, utility.QUICK_GRID) == 0.5


def test_a_number_is_predicted_on_a_logarithmic_scale() -> None:
    roles = Roles(numbers=("x", "y"), categories=("c", "t"), target="x")
    train, test = rows(1500, 1), rows(500, 2)
    for table in (train, test):
        table["y"] = table["x"] * 2.0
    assert roles.task == "regression"
    assert utility.score(train, test, roles, 0, utility.QUICK_GRID) < 0.1


def test_categories_that_training_did_not_have_are_predicted_too() -> None:
    train, test = rows(500, 1), rows(200, 2).assign(c="new")
    assert utility.score(train, test, ROLES, 0, utility.QUICK_GRID) > 0.9


def test_rows_take_the_types_of_the_table() -> None:
    like = pd.DataFrame({"n": [1, 2], "b": [True, False], "c": ["a", "b"], "f": [0.5, 1.5]})
    like["c"] = like["c"].astype(object)
    drawn = pd.DataFrame({"f": [1, 2], "c": ["x", "y"], "b": ["True", "False"], "n": [0.9, 2.0]})
    typed = frames.as_typed(drawn, like)
    assert list(typed.columns) == list(like.columns)
    assert list(typed.dtypes) == list(like.dtypes)
    assert list(typed["n"]) == [1, 2]
    assert list(typed["b"]) == [True, False]


def test_times_lose_their_zone() -> None:
    like = pd.DataFrame({"d": pd.to_datetime(["2013-01-01 10:00"])})
    typed = frames.as_typed(pd.DataFrame({"d": pd.to_datetime(["2013-01-01 10:00Z"])}), like)
    assert typed["d"].equals(like["d"])


def test_detectors_get_known_categories_and_numbers() -> None:
    roles = Roles(numbers=("n",), categories=("c", "code"), dates=("d",))
    day = pd.to_datetime(["2013-01-01", "2013-01-02"])
    real = pd.DataFrame({"n": [1.0, 2.0], "c": ["a", "a"], "code": [1, 2], "d": day})
    other = pd.DataFrame({"n": [1.0, 2.0], "c": ["a", "new"], "code": [1, 3], "d": day})
    first, second = frames.comparable(real, other, roles)
    assert list(second["c"]) == ["a", "a"]
    assert list(second["code"]) == [1, 3]
    assert first["d"].iloc[1] - first["d"].iloc[0] == 86_400


def test_a_matrix_has_the_numbers_of_a_row_and_its_categories() -> None:
    table = pd.DataFrame({"n": [0.0, 2.5], "c": ["a", "new"], "m": [0, 1]})
    matrix = sparse(table, {"c": pd.Index(["a", "b"])})
    assert matrix.toarray().tolist() == [[0.0, 1.0, 0.0, 0.0], [2.5, 0.0, 0.0, 1.0]]
    # XGBoost takes what is not stored for missing, so zeros are stored.
    assert matrix.nnz == 5


@pytest.mark.parametrize("detector", ["xgboost", "logistic"])
def test_detectors_tell_tables_apart(detector: str) -> None:
    real = rows(300, 1)
    assert detection.score(detector, real, rows(300, 2), ROLES, seed=0) > 0.8
    for name, others in (("x", real["x"] + 100), ("c", "a")):
        assert detection.score(detector, real, real.assign(**{name: others}), ROLES, seed=0) < 0.7


@pytest.mark.parametrize("detector", ["xgboost", "logistic"])
def test_detectors_see_truth_values(detector: str) -> None:
    roles = Roles(numbers=("x",), categories=("flag",))
    real = rows(300, 1)[["x"]].assign(flag=np.arange(300) % 2 == 0)
    assert detection.score(detector, real, real.assign(flag=np.arange(300) % 10 == 0), roles, seed=0) < 0.9


def test_scores_are_those_of_dense_matrices() -> None:
    random = np.random.default_rng(0)
    names = [f"v{index}" for index in range(300)]

    def wide(count: int, seed: int) -> pd.DataFrame:
        return rows(count, seed).assign(many=random.choice(names, count))

    table, labels = wide(900, 1), np.arange(900) % 3 == 0
    known = {name: pd.Index(sorted(table[name].unique())) for name in ("c", "t", "many")}
    some, others = sparse(table, known), sparse(wide(300, 2), known)
    dense, dense_others = some.toarray(), others.toarray()
    trees = XGBClassifier(eval_metric="logloss", random_state=0).fit(dense, labels)
    np.testing.assert_allclose(
        detection.by_xgboost(some, labels, others), trees.predict_proba(dense_others)[:, 1], atol=1e-5
    )
    scaler = RobustScaler().fit(dense)
    regression = LogisticRegression().fit(scaler.transform(dense), labels)
    np.testing.assert_allclose(
        detection.by_logistic_regression(some, labels, others),
        regression.predict_proba(scaler.transform(dense_others))[:, 1],
        atol=1e-3,
    )


def test_missing_numbers_are_the_mean_to_detectors() -> None:
    real, other = rows(300, 1), rows(300, 2)
    other.loc[:149, "y"] = np.nan
    assert detection.score("logistic", real, other, ROLES, seed=0) > 0.9
    assert detection.score("xgboost", real, other, ROLES, seed=0) < 0.9
