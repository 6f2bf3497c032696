"""Detection: can a classifier tell synthetic rows from real ones it has not seen? (Lopez-Paz and Oquab 2017, C2ST)."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from synthserve_training.evaluation.figures import Measurement, Metric, Section, described
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.measures import boosting
from synthserve_training.evaluation.tables.splits import Comparison, Split

_FOLDS = 5
_MOST_ROWS = 1_000
"""Of each table, for the classifiers of scikit-learn."""
_MOST_BOOSTED = 50_000

DETECTORS: dict[str, Callable[[], ClassifierMixin]] = {
    "logistic_regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "gradient_boosting": lambda: GradientBoostingClassifier(random_state=0),
}

_BOOSTED = (
    f"AUC of XGBoost ({boosting.TREES} trees of depth {boosting.DEPTH}; mean of {boosting.FOLDS} stratified folds) in "
    "telling rows of {model} from "
)
_CHANCE = "0.5: it cannot, 1: it always can."

METRICS = (
    Metric("c2st_auc_xgboost", "closer", f"{_BOOSTED}as many of {{unseen}}; {_CHANCE}", headline=True),
    Metric("c2st_auc_xgboost_train", "closer", f"{_BOOSTED}as many of the rows that it was trained on; {_CHANCE}"),
    *(
        Metric(
            f"c2st_auc_{name}",
            "closer",
            f"AUC of {name.replace('_', ' ')} in telling rows of {{model}} from as many of {{unseen}}, at most "
            f"{_MOST_ROWS:,} ({_FOLDS}-fold cross-validation); {_CHANCE}",
            headline=name == "gradient_boosting",
        )
        for name in DETECTORS
    ),
)

_SUMMARY = (
    "A classifier is trained to tell synthetic rows from as many real ones. The reference is the same classifier's AUC "
    "in telling held-out rows from training rows, which are both real. XGBoost sees most: two tables of equal columns "
    "whose rows are shuffled column by column are almost the same to logistic regression. An AUC well below 0.5 means "
    "that rows are equal in both tables."
)


def evaluate(comparison: Comparison) -> Section:
    """Measures detection."""
    found = measure(comparison.splits, comparison.columns)
    return Section(title="Detection", summary=_SUMMARY, figures=described(METRICS, found, **comparison.facts))


def measure(splits: Sequence[Split], columns: Columns) -> dict[str, Measurement]:
    """The AUC of each detector, by the name of the metric."""
    real = [_boosted(split.held_out, split.train, columns, split.seed) for split in splits]
    unseen = [_boosted(split.held_out, split.synthetic, columns, split.seed) for split in splits]
    train = [_boosted(split.train, split.synthetic, columns, split.seed) for split in splits]
    found = {
        "c2st_auc_xgboost": Measurement.repeated(unseen, float(np.mean(real))),
        "c2st_auc_xgboost_train": Measurement.repeated(train, float(np.mean(real))),
    }
    for name, make in DETECTORS.items():
        synthetic = [detect(*_equal(s.held_out, s.synthetic, _MOST_ROWS), columns, make(), s.seed) for s in splits]
        halves = [detect(*_equal(s.held_out, s.train, _MOST_ROWS), columns, make(), s.seed) for s in splits]
        found[f"c2st_auc_{name}"] = Measurement.repeated(synthetic, float(np.mean(halves)))
    return found


def detect(real: pd.DataFrame, other: pd.DataFrame, columns: Columns, classifier: ClassifierMixin, seed: int) -> float:
    """The cross-validated AUC of a classifier in telling two tables apart."""
    features = Features.of(real, columns)
    rows = np.concatenate([features(real), features(other)])
    labels = np.repeat([0, 1], [len(real), len(other)])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    # The products are so small that threads would mostly wait for each other.
    with threadpool_limits(1):
        return float(cross_val_score(classifier, rows, labels, cv=folds, scoring="roc_auc").mean())


def _boosted(real: pd.DataFrame, other: pd.DataFrame, columns: Columns, seed: int) -> float:
    return boosting.tell_apart(*_equal(real, other, _MOST_BOOSTED), columns, seed)


def _equal(real: pd.DataFrame, other: pd.DataFrame, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    count = min(len(real), len(other), most)
    return real[:count], other[:count]
