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
from sklearn.metrics import roc_auc_score, root_mean_squared_error
from tests.benchmarks.tables.metrics.frames import MOST_CATEGORIES
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
    order = np.random.default_rng(seed).permutation(len(rows))
    chosen, rest = order[: len(rows) // 9], order[len(rows) // 9 :]
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


def _features(train: pd.DataFrame, test: pd.DataFrame, roles: Roles) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Numbers as they are, a column for each category of the training rows; float32 [rows, features]."""
    parts: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for name in train.columns:
        if name == roles.target:
            continue
        if name in roles.numbers:
            parts.append((_column(train[name]), _column(test[name])))
            continue
        known = sorted(train[name].astype(str).unique())
        codes = [pd.Index(known).get_indexer(table[name].astype(str)) for table in (train, test)]
        if len(known) > MOST_CATEGORIES:
            parts.append((_column(pd.Series(codes[0])), _column(pd.Series(codes[1]))))
        else:
            # An unknown category has the code -1: the row of zeros at the end.
            one_hot = np.concatenate([np.eye(len(known), dtype=np.float32), np.zeros((1, len(known)), np.float32)])
            parts.append((one_hot[codes[0]], one_hot[codes[1]]))
    return np.concatenate([part[0] for part in parts], axis=1), np.concatenate([part[1] for part in parts], axis=1)


def _column(values: pd.Series) -> NDArray[np.float32]:
    return values.to_numpy(np.float32)[:, None]


def _predict(
    settings: dict[str, Any],
    rows: NDArray[np.float32],
    labels: NDArray[np.float64],
    others: NDArray[np.float32],
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
