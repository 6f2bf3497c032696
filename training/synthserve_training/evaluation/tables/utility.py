"""Utility: do classifiers that learn from synthetic rows work on real ones? Train on synthetic, test on real."""

import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.tables import plots
from synthserve_training.evaluation.tables.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.splits import Split

CLASSIFIERS: dict[str, Callable[[], ClassifierMixin]] = {
    "decision tree": lambda: DecisionTreeClassifier(random_state=0),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "k-nearest neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "MLP": lambda: make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=300, random_state=0)),
}

REAL, SYNTHETIC, BOTH, GAUSSIAN = "real", "synthetic", "real + synthetic", "Gaussian per class"

Predictions: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.float64]]
"""For each row which class it is, and the odds that a classifier gives to each class; both [rows, classes]."""

_TESTED = "tested on held-out real rows; best of five classifiers"

METRICS = (
    Metric(
        "tstr_accuracy", "higher", f"Accuracy when trained on synthetic rows, {_TESTED} ({{synthetic}}).", headline=True
    ),
    Metric("tstr_macro_f1", "higher", f"Macro F1 when trained on synthetic rows, {_TESTED} ({{synthetic}})."),
    Metric(
        "tstr_average_precision",
        "higher",
        f"Macro average precision when trained on synthetic rows, {_TESTED} ({{synthetic}}).",
    ),
    Metric(
        "augmented_accuracy", "higher", f"Accuracy when trained on real and synthetic rows, {_TESTED} ({{augmented}})."
    ),
    Metric(
        "gaussian_accuracy",
        "higher",
        f"Accuracy when trained on rows of a Gaussian per class, {_TESTED} ({{gaussian}}).",
    ),
)

_MEASURED = {
    "tstr_accuracy": (SYNTHETIC, "accuracy"),
    "tstr_macro_f1": (SYNTHETIC, "macro_f1"),
    "tstr_average_precision": (SYNTHETIC, "average_precision"),
    "augmented_accuracy": (BOTH, "accuracy"),
    "gaussian_accuracy": (GAUSSIAN, "accuracy"),
}
"""The source of the training rows and the score that each metric is about."""

_SUMMARY = (
    "{splits} times the recipe was trained on {share:.0%} of the real rows. Five classifiers then learnt to predict "
    "{target} from as many of its rows, from the real ones, from both, and from a Gaussian per class. They were "
    "tested on the real rows that were held out. “Best” is the classifier with the highest mean accuracy. Rows "
    "without a value of {target} are left out."
)


@dataclass(frozen=True)
class Findings:
    """What was measured.

    Attributes:
        scores: One row for each source, classifier and split: `source`, `classifier`, `split` and what `score` gives.
        best: The classifier with the highest mean accuracy, by source.
        predictions: Those of all splits, by source and classifier.
    """

    scores: pd.DataFrame
    best: Mapping[str, str]
    predictions: Mapping[tuple[str, str], Sequence[Predictions]]

    def values(self, source: str, measure: str) -> list[float]:
        """The scores of the best classifier, one for each split."""
        chosen = (self.scores.source == source) & (self.scores.classifier == self.best[source])
        return list(self.scores[chosen][measure])


def evaluate(splits: Sequence[Split], columns: Columns) -> Section:
    """Measures utility.

    Args:
        splits: Real rows; each has a value of the target.
        columns: Of the table.

    Raises:
        ValueError: The table has no target column.
    """
    target = columns.target
    if target is None:
        raise ValueError("utility needs a target column")
    found = measure(splits, columns, target)
    train, held_out = len(splits[0].train), len(splits[0].held_out)
    measured = {
        metric: Measurement.repeated(found.values(source, score_name), statistics.fmean(found.values(REAL, score_name)))
        for metric, (source, score_name) in _MEASURED.items()
    }
    return Section(
        title="Utility",
        summary=_SUMMARY.format(splits=len(splits), share=train / (train + held_out), target=target),
        figures=described(
            METRICS,
            measured,
            synthetic=found.best[SYNTHETIC],
            augmented=found.best[BOTH],
            gaussian=found.best[GAUSSIAN],
        ),
        plots=(_curves(found, columns.categories[target]),),
        tables=(
            _table(found.scores, "accuracy", "Accuracy on held-out real rows"),
            _table(found.scores, "macro_f1", "Macro F1 on held-out real rows"),
        ),
    )


def measure(splits: Sequence[Split], columns: Columns, target: str) -> Findings:
    """Trains all classifiers on all sources, and scores them on held-out rows; see `evaluate`."""
    scores: list[dict[str, str | float]] = []
    predictions: dict[tuple[str, str], list[Predictions]] = {}
    for split in splits:
        features = Features.of(split.train, columns)
        synthetic = split.synthetic[split.synthetic[target].notna()]
        sources = {
            REAL: split.train,
            SYNTHETIC: synthetic,
            BOTH: pd.concat([split.train, synthetic]),
            GAUSSIAN: gaussian_per_class(split.train, columns, split.seed),
        }
        for source, frame in sources.items():
            for name, make in CLASSIFIERS.items():
                truth, odds = predict(make(), frame, split.held_out, features, target)
                predictions.setdefault((source, name), []).append((truth, odds))
                scores.append({"source": source, "classifier": name, "split": split.seed, **score(truth, odds)})
    table = pd.DataFrame(scores)
    best = {str(s): str(g.groupby("classifier")["accuracy"].mean().idxmax()) for s, g in table.groupby("source")}
    return Findings(table, best, predictions)


def predict(
    classifier: ClassifierMixin, train: pd.DataFrame, test: pd.DataFrame, features: Features, target: str
) -> Predictions:
    """Trains on one table and predicts another's target.

    Args:
        classifier: Not trained yet.
        train: Rows to train on; each has a value of the target.
        test: Rows to predict; the same.
        features: Turns rows into vectors.
        target: The column to predict.

    Returns:
        Which class each row is, and the odds that the classifier gives to each; a class that it has not seen gets 0.
    """
    classes = features.columns.categories[target]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all sources get the same number of iterations
        classifier.fit(features(train, without=target), train[target].to_numpy(str))
    odds = np.zeros((len(test), len(classes)))
    odds[:, [classes.index(label) for label in classifier.classes_]] = classifier.predict_proba(
        features(test, without=target)
    )
    return test[target].to_numpy(object)[:, None] == np.array(classes, dtype=object), odds


def score(truth: NDArray[np.bool_], odds: NDArray[np.float64]) -> dict[str, float]:
    """Accuracy, macro F1 and macro average precision of predictions."""
    there = truth.any(axis=0)
    right, chosen = truth.argmax(axis=1), odds.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(right, chosen)),
        "macro_f1": float(f1_score(right, chosen, average="macro")),
        "average_precision": float(average_precision_score(truth[:, there], odds[:, there], average="macro")),
    }


def _table(scores: pd.DataFrame, measure: str, title: str) -> Table:
    def cell(classifier: str, source: str) -> str:
        values = scores[(scores.classifier == classifier) & (scores.source == source)][measure]
        spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
        return f"{values.mean():.3f}{spread}"

    sources = (REAL, SYNTHETIC, BOTH, GAUSSIAN)
    rows = tuple((name, *(cell(name, source) for source in sources)) for name in CLASSIFIERS)
    return Table(title, ("classifier", *sources), rows, note="Mean ± standard deviation over the splits.")


def _curves(found: Findings, classes: Sequence[str]) -> Plot:
    classifier = found.best[SYNTHETIC]
    pooled = {}
    for (source, name), parts in found.predictions.items():
        if name == classifier:
            truth, odds = zip(*parts, strict=True)
            pooled[source] = np.concatenate(truth), np.concatenate(odds)
    return Plot(
        name="precision-recall",
        caption=f"Precision against recall of each class ({classifier}), all splits pooled.",
        png=plots.precision_recall(pooled, classes),
    )
