"""Detection (C2ST): can a classifier tell two tables apart? The score is that of SDMetrics and of the papers.

Score: 2 (1 - AUC), at most 1. The AUC is the mean of three stratified folds, each counted as at least 0.5. 1: the
tables cannot be told apart, 0: always.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sdmetrics.single_table import LogisticDetection
from sdmetrics.single_table.detection.sklearn import ScikitLearnClassifierDetectionMetric
from tests.benchmarks.tables.metrics.frames import comparable
from tests.benchmarks.tables.roles import Roles
from xgboost import XGBClassifier


class XgboostDetection(ScikitLearnClassifierDetectionMetric):
    """Detection by XGBoost with the settings of the TabPC paper: the library's defaults."""

    name = "XGBoost Detection"

    @staticmethod
    def _get_classifier() -> Any:
        return XGBClassifier(eval_metric="logloss", enable_categorical=True, random_state=0)


DETECTORS: dict[str, Callable[..., float]] = {
    "xgboost": XgboostDetection.compute,
    "logistic": LogisticDetection.compute,
}


def score(detector: str, real: pd.DataFrame, other: pd.DataFrame, roles: Roles, seed: int) -> float:
    """The score of a detector (`DETECTORS`): 1 is best, 0 is worst."""
    first, second = comparable(real, other, roles)
    np.random.seed(seed)  # SDMetrics draws the folds from the global generator.
    return float(DETECTORS[detector](real_data=first, synthetic_data=second))
