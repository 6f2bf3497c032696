"""XGBoost on tables: 200 trees of depth 6.

Detection has the learning rate that papers use to tell generated rows from real ones, which is the library's default.
In a prediction it fits noise: on Adult it costs a classifier that learns real rows .008 of the AUC. The papers choose
settings on validation rows; a rate of 0.1 reaches their figures without a choice.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pandas as pd
import xgboost
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from synthserve_core.system.cores import available_cores
from synthserve_training.evaluation.tables.columns import Columns

FOLDS = 5
TREES, DEPTH = 200, 6
DETECTION_RATE, PREDICTION_RATE = 0.3, 0.1

_MOST_TREES = 400_000
"""Rows, times classes: XGBoost fits each tree to all rows, and has trees for each class."""


def classifier(rate: float) -> xgboost.XGBClassifier:
    """An untrained classifier with a learning rate. It takes missing values and categories as they are.

    It computes in one thread, so that folds are computed side by side: the threads of one training wait for each other.
    """
    return xgboost.XGBClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=rate,
        tree_method="hist",
        enable_categorical=True,
        random_state=0,
        n_jobs=1,
    )


def matrices(frames: Sequence[pd.DataFrame], columns: Columns, without: str | None = None) -> list[pd.DataFrame]:
    """Encodes tables: numbers as float64 with NaN, categories as codes that are the same in all of them.

    Args:
        frames: Of the form of `Columns.frame`.
        columns: Of the table.
        without: A column to leave out: the one to be predicted.
    """
    kept = [name for name in columns.measured if name != without]
    whole = pd.concat([frame[kept] for frame in frames], ignore_index=True)
    whole = whole.astype({name: "category" for name in columns.categories if name != without})
    # Numbered, as texts as categories are an experiment of XGBoost's.
    for name in whole.select_dtypes("category"):
        whole[name] = whole[name].cat.rename_categories(range(len(whole[name].cat.categories)))
    ends = np.cumsum([0, *(len(frame) for frame in frames)])
    return [whole.iloc[start:end] for start, end in pairwise(ends)]


def tell_apart(real: pd.DataFrame, other: pd.DataFrame, columns: Columns, seed: int) -> float:
    """The AUC in telling two tables apart: the mean over five stratified folds.

    Args:
        real: Rows.
        other: Other rows, as many.
        columns: Of the table.
        seed: Of the folds.
    """
    rows = pd.concat(matrices([real, other], columns))
    labels = np.repeat([0, 1], [len(real), len(other)])

    def score(fold: tuple[NDArray[np.int64], NDArray[np.int64]]) -> float:
        train, test = fold
        fitted = classifier(DETECTION_RATE).fit(rows.iloc[train], labels[train])
        return float(roc_auc_score(labels[test], fitted.predict_proba(rows.iloc[test])[:, 1]))

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(rows, labels)
    with ThreadPoolExecutor(available_cores()) as pool:
        return float(np.mean(list(pool.map(score, folds))))


def predict(train: pd.DataFrame, test: pd.DataFrame, columns: Columns, target: str) -> float | None:
    """The AUC in predicting a column of categories; of more than two the mean, each against the others.

    Args:
        train: Rows to train on, in random order, as of many the first are taken; each has a value of the target.
        test: Rows to predict; the same.
        columns: Of the table.
        target: The column to predict.

    Returns:
        None: the rows to train on, or to predict, have one category only.
    """
    classes = train[target].nunique()
    if classes < 2:
        return None
    train = train[: _MOST_TREES // classes]
    known, codes = np.unique(train[target].to_numpy(str), return_inverse=True)
    fitted_on, asked = matrices([train, test], columns, without=target)
    odds: NDArray[np.float64] = classifier(PREDICTION_RATE).fit(fitted_on, codes).predict_proba(asked)
    truth = test[target].to_numpy(str)
    areas = [
        float(roc_auc_score(truth == label, odds[:, index]))
        for index, label in enumerate(known)
        if 0 < int((truth == label).sum()) < len(truth)
    ]
    # Of two categories both areas are the same.
    return float(np.mean(areas)) if areas else None
