"""Utility: do classifiers that learn from synthetic rows work on real ones? Train on synthetic, test on real."""

import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from threadpoolctl import threadpool_limits

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.measures import boosting
from synthserve_training.evaluation.tables.measures.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.plots import curves
from synthserve_training.evaluation.tables.splits import Source, Split

_NEIGHBOURS = 5

CLASSIFIERS: dict[str, Callable[[], ClassifierMixin]] = {
    "decision tree": lambda: DecisionTreeClassifier(random_state=0),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "k-nearest neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(_NEIGHBOURS)),
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "MLP": lambda: make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=300, random_state=0)),
}

REAL, SYNTHETIC, BOTH, GAUSSIAN = "real", "synthetic", "real + synthetic", "Gaussian per class"

Predictions: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.float64]]
"""For each row which class it is, and the odds that a classifier gives to each class; both [rows, classes]."""

_MOST_ROWS = 2_000
"""Of each table, for the classifiers of scikit-learn; XGBoost has all."""

_TESTED = "tested on held-out real rows; best of five classifiers"

METRICS = (
    Metric(
        "tstr_auc",
        "higher",
        f"AUC of XGBoost ({boosting.TREES} trees of depth {boosting.DEPTH}, learning rate {boosting.PREDICTION_RATE}) "
        "when trained on as many synthetic rows as there are training rows, tested on held-out real rows; of more than "
        "two classes the mean, each against the others; reference: trained on the training rows.",
        headline=True,
    ),
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

_SUMMARIES = {
    Source.GRAPH: "Classifiers learn to predict {target} from rows of the exported graph, from its training rows",
    Source.GRAPH_SEEN_ALL: "Classifiers learn to predict {target} from rows of the exported graph, which has seen "
    "all real rows, from half of the real ones",
    Source.RETRAINED: "{splits} times the recipe was trained on {share:.0%} of the real rows. Classifiers then learnt "
    "to predict {target} from as many of its rows, from the real ones",
}
_SUMMARY = (
    ", from both, and from a Gaussian per class. They are tested on the real rows that are held out. “Best” is the one "
    "of five classifiers with the highest mean accuracy; they learn from at most {most:,} rows. Rows without a value "
    "of {target} are left out, and so are rows with one that the model does not know."
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


def evaluate(splits: Sequence[Split], columns: Columns, source: Source) -> Section | None:
    """Measures utility.

    Args:
        splits: Real rows and a model's.
        columns: Of the table.
        source: Whose rows the splits hold.

    Returns:
        None: there is nothing to predict, as the table has no categories, or a part of a split has one of them only,
            or hardly a row in which it is known.
    """
    target = columns.target
    if target is None:
        return None
    known = [_labelled(split, columns, target) for split in splits]
    parts = [part for split in known for part in (split.train, split.held_out, split.synthetic)]
    if any(part[target].nunique() < 2 or len(part) < _NEIGHBOURS for part in parts):
        return None
    found = measure([_small(split) for split in known], columns, target)
    measured = {
        metric: Measurement.repeated(found.values(source, score_name), statistics.fmean(found.values(REAL, score_name)))
        for metric, (source, score_name) in _MEASURED.items()
    }
    areas = [
        [boosting.predict(part, split.held_out, columns, target) for part in (split.synthetic, split.train)]
        for split in known
    ]
    whole = [(synthetic, real) for synthetic, real in areas if synthetic is not None and real is not None]
    if whole:
        synthetic, real = zip(*whole, strict=True)
        measured["tstr_auc"] = Measurement.repeated(synthetic, statistics.fmean(real))
    train, held_out = len(known[0].train), len(known[0].held_out)
    facts = {"splits": len(splits), "share": train / (train + held_out), "target": target, "most": _MOST_ROWS}
    return Section(
        title="Utility",
        summary=(_SUMMARIES[source] + _SUMMARY).format_map(facts),
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


def _labelled(split: Split, columns: Columns, target: str) -> Split:
    """The rows of a split that have a known value of the target."""
    known = columns.categories[target]
    train, held_out, drawn = (part[part[target].isin(known)] for part in (split.train, split.held_out, split.synthetic))
    return replace(split, train=train, held_out=held_out, drawn=drawn)


def _small(split: Split) -> Split:
    return replace(
        split, train=split.train[:_MOST_ROWS], held_out=split.held_out[:_MOST_ROWS], drawn=split.drawn[:_MOST_ROWS]
    )


def measure(splits: Sequence[Split], columns: Columns, target: str) -> Findings:
    """Trains all classifiers on all sources, and scores them on held-out rows; see `evaluate`."""
    scores: list[dict[str, str | float]] = []
    predictions: dict[tuple[str, str], list[Predictions]] = {}
    for split in splits:
        features = Features.of(split.train, columns)
        synthetic = split.synthetic
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
    # The products are so small that threads would mostly wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1):
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
        png=curves.precision_recall(pooled, classes),
    )
