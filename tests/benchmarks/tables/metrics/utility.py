"""Utility, MLE of the papers: XGBoost learns from synthetic rows, predicts held-out ones.

The settings are the papers': 36 of them are tried, a ninth of the synthetic rows says which is best, and the measure
is the AUC of a class or the RMSE of log(clip(target, 1, 20000)). The papers pick the setting of a regression on
targets that are not logarithms; here it is picked on logarithms.
"""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.metrics import roc_auc_score, root_mean_squared_error
from tests.benchmarks.tables.metrics.frames import MOST_CATEGORIES
from tests.benchmarks.tables.metrics.matrices import sparse
from tests.benchmarks.tables.roles import Roles
from xgboost import XGBClassifier, XGBRegressor

GRID = [
    {"n_estimators": trees, "min_child_weight": weight, "max_depth": depth, "gamma": gamma}
    for trees, weight, depth, gamma in itertools.product((10, 50, 100), (1, 10), (5, 10, 20), (0.0, 1.0))
]
QUICK_GRID = [{"n_estimators": 100, "min_child_weight": 1, "max_depth": 5, "gamma": 0.0}]


def score(train: pd.DataFrame, test: pd.DataFrame, roles: Roles, seed: int, grid: list[dict[str, Any]]) -> float:
    """AUC (more is better) or RMSE (less is better) on held-out rows.

    Args:
        train: The rows to learn from.
        test: The rows to predict.
        roles: Of the columns; they have a target.
        seed: Of the choice of the validation rows.
        grid: The settings to try.
    """
    labels, truth = _targets(train, test, roles)
    if roles.task == "classification" and len(np.unique(labels)) < 2:
        return 0.5
    rows, test_rows = _features(train, test, roles)
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen, rest = order[: len(labels) // 9], order[len(labels) // 9 :]
    tried = []
    for settings in grid if len(grid) > 1 else ():
        found = _predict(settings, rows[rest], labels[rest], rows[chosen], roles)
        tried.append(_measure(labels[chosen], found, roles))
    better = max if roles.task == "classification" else min
    best = grid[tried.index(better(tried))] if tried else grid[0]
    return _measure(truth, _predict(best, rows[rest], labels[rest], test_rows, roles), roles)


def _targets(train: pd.DataFrame, test: pd.DataFrame, roles: Roles) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    name = roles.target
    if roles.task == "regression":
        first, second = (np.log(np.clip(table[name].to_numpy(np.float64), 1, 20_000)) for table in (train, test))
        return first, second
    classes = sorted(test[name].astype(str).unique())
    if len(classes) != 2:
        raise ValueError(f"the target {name!r} has {len(classes)} classes, not 2")
    first, second = ((table[name].astype(str) == classes[1]).to_numpy(np.float64) for table in (train, test))
    return first, second


def _features(train: pd.DataFrame, test: pd.DataFrame, roles: Roles) -> tuple[csr_matrix, csr_matrix]:
    """Numbers as they are, a column for each category of the training rows; float64 [rows, features]."""
    tables = [table.drop(columns=roles.target) for table in (train, test)]
    categories: dict[str, pd.Index] = {}
    for name in tables[0].columns:
        if name in roles.numbers:
            continue
        first, second = (table[name].astype(str) for table in tables)
        known = pd.Index(sorted(first.unique()))
        many = len(known) > MOST_CATEGORIES
        for table, texts in zip(tables, (first, second), strict=True):
            table[name] = known.get_indexer(texts) if many else texts
        if not many:
            categories[name] = known
    return sparse(tables[0], categories), sparse(tables[1], categories)


def _predict(
    settings: dict[str, Any],
    rows: csr_matrix,
    labels: NDArray[np.float64],
    others: csr_matrix,
    roles: Roles,
) -> NDArray[np.float64]:
    if roles.task == "regression":
        predicted: NDArray[np.float64] = XGBRegressor(tree_method="hist", **settings).fit(rows, labels).predict(others)
        return predicted
    model = XGBClassifier(tree_method="hist", objective="binary:logistic", **settings).fit(rows, labels)
    odds: NDArray[np.float64] = model.predict_proba(others)[:, 1]
    return odds


def _measure(truth: NDArray[np.float64], found: NDArray[np.float64], roles: Roles) -> float:
    if roles.task == "regression":
        return float(root_mean_squared_error(truth, found))
    return float(roc_auc_score(truth, found)) if len(np.unique(truth)) == 2 else 0.5
