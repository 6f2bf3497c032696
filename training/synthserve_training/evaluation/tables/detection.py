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

from synthserve_training.evaluation.figures import Measurement, Metric, Section, described
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.splits import Split

_FOLDS = 5

DETECTORS: dict[str, Callable[[], ClassifierMixin]] = {
    "logistic_regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "gradient_boosting": lambda: GradientBoostingClassifier(random_state=0),
}

METRICS = tuple(
    Metric(
        f"c2st_auc_{name}",
        "closer",
        f"AUC of {name.replace('_', ' ')} in telling rows of the recipe, trained on half of the real rows, from the "
        f"other half ({_FOLDS}-fold cross-validation); 0.5: it cannot, 1: it always can.",
        headline=name == "gradient_boosting",
    )
    for name in DETECTORS
)

_SUMMARY = (
    "A classifier is trained to tell synthetic rows from as many held-out real ones. The reference is the same "
    "classifier's AUC in telling two halves of the real rows apart."
)


def evaluate(splits: Sequence[Split], columns: Columns) -> Section:
    """Measures detection on real rows in halves."""
    return Section(title="Detection", summary=_SUMMARY, figures=described(METRICS, measure(splits, columns)))


def measure(splits: Sequence[Split], columns: Columns) -> dict[str, Measurement]:
    """The AUC of each detector, by the name of the metric."""
    found = {}
    for name, make in DETECTORS.items():
        synthetic = [detect(s.held_out, s.synthetic[: len(s.held_out)], columns, make(), s.seed) for s in splits]
        real = [detect(s.held_out, s.train[: len(s.held_out)], columns, make(), s.seed) for s in splits]
        found[f"c2st_auc_{name}"] = Measurement.repeated(synthetic, float(np.mean(real)))
    return found


def detect(real: pd.DataFrame, other: pd.DataFrame, columns: Columns, classifier: ClassifierMixin, seed: int) -> float:
    """The cross-validated AUC of a classifier in telling two tables apart."""
    features = Features.of(real, columns)
    rows = np.concatenate([features(real), features(other)])
    labels = np.repeat([0, 1], [len(real), len(other)])
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    return float(cross_val_score(classifier, rows, labels, cv=folds, scoring="roc_auc").mean())
