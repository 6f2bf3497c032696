"""Detection (C2ST): can a classifier tell two tables apart? The score is that of SDMetrics and of the papers.

Score: 2 (1 - AUC), at most 1. The AUC is the mean of three stratified folds, each counted as at least 0.5. 1: the
tables cannot be told apart, 0: always.

The computation is that of `LogisticDetection` and its base classes in SDMetrics, with sparse matrices in place of dense
ones: missing numbers become the mean of the real ones, categories become columns, and the columns are scaled by their
quartiles. Truth values are numbers, as in the papers. SDMetrics leaves them out where it is not told the kinds of the
columns.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import RobustScaler
from tests.benchmarks.tables.metrics.frames import comparable
from tests.benchmarks.tables.metrics.matrices import sparse
from tests.benchmarks.tables.roles import Roles
from xgboost import XGBClassifier

FOLDS = 3
RARE_SHARE = 0.2
"""The quartiles of a category that fewer rows have are 0: scaling does not change it."""

Predict = Callable[[csr_matrix, NDArray[np.bool_], csr_matrix], NDArray[np.float64]]


def by_xgboost(rows: csr_matrix, labels: NDArray[np.bool_], others: csr_matrix) -> NDArray[np.float64]:
    """XGBoost with the settings of the TabPC paper: the library's defaults. Scaling does not change its trees."""
    model: Any = XGBClassifier(eval_metric="logloss", random_state=0).fit(rows, labels)
    odds: NDArray[np.float64] = model.predict_proba(others)[:, 1]
    return odds


def by_logistic_regression(rows: csr_matrix, labels: NDArray[np.bool_], others: csr_matrix) -> NDArray[np.float64]:
    """The logistic regression of SDMetrics."""
    common = rows.getnnz(axis=0) >= RARE_SHARE * rows.shape[0]
    scaler = RobustScaler().fit(rows[:, common].toarray())
    first, second = (
        hstack([scaler.transform(part[:, common].toarray()), part[:, ~common]], format="csr") for part in (rows, others)
    )
    odds: NDArray[np.float64] = LogisticRegression(solver="lbfgs").fit(first, labels).predict_proba(second)[:, 1]
    return odds


DETECTORS: dict[str, Predict] = {"xgboost": by_xgboost, "logistic": by_logistic_regression}


def score(detector: str, real: pd.DataFrame, other: pd.DataFrame, roles: Roles, seed: int) -> float:
    """The score of a detector (`DETECTORS`): 1 is best, 0 is worst."""
    tables = _filled(*comparable(real, other, roles))
    texts = [name for name in real.columns if tables[0][name].dtype.kind == "O"]
    # SDMetrics puts the categories behind the numbers. The order decides between equally good splits.
    order = [name for name in real.columns if name not in texts] + texts
    known = {name: pd.Index(sorted(tables[0][name].unique())) for name in texts}
    rows = sparse(pd.concat(tables, ignore_index=True)[order], known)
    labels = np.arange(rows.shape[0]) < len(tables[0])
    found = []
    # The folds of SDMetrics after `np.random.seed(seed)`.
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels):
        odds = DETECTORS[detector](rows[train], labels[train], rows[test])
        found.append(max(0.5, float(roc_auc_score(labels[test], odds))))
    return 2 * (1 - float(np.mean(found)))


def _filled(real: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers that are missing or infinite become the mean of the real ones."""
    numbers = [name for name in real.columns if real[name].dtype.kind in "iuf"]
    first, second = (table.copy() for table in (real, other))
    for table in (first, second):
        table[numbers] = table[numbers].replace([np.inf, -np.inf], np.nan)
    means = first[numbers].mean()
    return first.fillna(means), second.fillna(means)
