"""Utility: does what is learnt from synthetic rows hold for real ones? Train on synthetic, test on real."""

import warnings
from collections.abc import Callable, Sequence

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

from synthserve_training.evaluation.figures import Figure, Plot, Section, Table
from synthserve_training.evaluation.tables import plots
from synthserve_training.evaluation.tables.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split

CLASSIFIERS: dict[str, Callable[[], ClassifierMixin]] = {
    "decision tree": lambda: DecisionTreeClassifier(random_state=0),
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "k-nearest neighbours": lambda: make_pipeline(StandardScaler(), KNeighborsClassifier(5)),
    "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "MLP": lambda: make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=300, random_state=0)),
}

REAL, SYNTHETIC, BOTH, GAUSSIAN = "real", "synthetic", "real + synthetic", "Gaussian per class"


def evaluate(splits: Sequence[Split], columns: Columns) -> Section:
    """Measures utility. The table has a target column."""
    target = columns.target
    if target is None:
        raise ValueError("utility needs a target column")
    scores: list[dict[str, str | float]] = []
    predictions: dict[tuple[str, str], list[tuple[NDArray[np.bool_], NDArray[np.float64]]]] = {}
    for split in splits:
        gaussian = gaussian_per_class(split.train, columns, split.seed)
        sources = {
            REAL: split.train,
            SYNTHETIC: split.synthetic,
            BOTH: pd.concat([split.train, split.synthetic]),
            GAUSSIAN: gaussian,
        }
        for source, frame in sources.items():
            for name, make in CLASSIFIERS.items():
                truth, odds = predict(make(), frame, split.held_out, columns)
                predictions.setdefault((source, name), []).append((truth, odds))
                scores.append({"source": source, "classifier": name, "split": split.seed, **score(truth, odds)})
    table = pd.DataFrame(scores)
    best = {str(s): str(g.groupby("classifier")["accuracy"].mean().idxmax()) for s, g in table.groupby("source")}
    return Section(
        title="Utility",
        summary=(
            f"{len(splits)} times the recipe was trained on {_share(splits)} of the real rows; five classifiers then "
            f"learnt to tell {target} from as many of its rows, from the real ones, from both, and from a Gaussian per "
            "class, and were tested on the real rows that were held out. “Best” is the classifier that does best on "
            "average."
        ),
        figures=tuple(_figures(table, best)),
        plots=(_curves(predictions, best[SYNTHETIC], columns.categories[target]),),
        tables=(_table(table, "accuracy", "Accuracy on held-out real rows"), _table(table, "macro_f1", "Macro F1")),
    )


def predict(
    classifier: ClassifierMixin, train: pd.DataFrame, test: pd.DataFrame, columns: Columns
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Trains on one table and predicts another's target.

    Returns:
        Both [rows, classes]: which class it is, and the odds that the classifier gives to each; a class that it has
        not seen gets 0.
    """
    target = columns.target or ""
    classes = columns.categories[target]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the budget is the same for all sources
        classifier.fit(columns.encode(train, without=target), train[target].to_numpy(str))
    odds = np.zeros((len(test), len(classes)))
    odds[:, [classes.index(label) for label in classifier.classes_]] = classifier.predict_proba(
        columns.encode(test, without=target)
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


def _figures(table: pd.DataFrame, best: dict[str, str]) -> list[Figure]:
    def figure(metric: str, source: str, measure: str, text: str, *, headline: bool = False) -> Figure:
        own = table[(table.source == source) & (table.classifier == best[source])][measure]
        real = table[(table.source == REAL) & (table.classifier == best[REAL])][measure]
        return Figure(
            metric=metric,
            value=float(own.mean()),
            reference=float(real.mean()),
            spread=float(own.std()) if len(own) > 1 else None,
            better="higher",
            description=f"{text}, tested on held-out real rows; best of five classifiers ({best[source]}).",
            headline=headline,
        )

    return [
        figure("tstr_accuracy", SYNTHETIC, "accuracy", "Accuracy when trained on synthetic rows", headline=True),
        figure("tstr_macro_f1", SYNTHETIC, "macro_f1", "Macro F1 when trained on synthetic rows"),
        figure("tstr_average_precision", SYNTHETIC, "average_precision", "Macro average precision, synthetic rows"),
        figure("augmented_accuracy", BOTH, "accuracy", "Accuracy when trained on real and synthetic rows"),
        figure("gaussian_accuracy", GAUSSIAN, "accuracy", "Accuracy when trained on rows of a Gaussian per class"),
    ]


def _table(scores: pd.DataFrame, measure: str, title: str) -> Table:
    def cell(classifier: str, source: str) -> str:
        values = scores[(scores.classifier == classifier) & (scores.source == source)][measure]
        spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
        return f"{values.mean():.3f}{spread}"

    sources = (REAL, SYNTHETIC, BOTH, GAUSSIAN)
    rows = tuple((name, *(cell(name, source) for source in sources)) for name in CLASSIFIERS)
    return Table(title, ("classifier", *sources), rows, note="Mean ± standard deviation over the splits.")


def _curves(
    predictions: dict[tuple[str, str], list[tuple[NDArray[np.bool_], NDArray[np.float64]]]],
    classifier: str,
    classes: Sequence[str],
) -> Plot:
    pooled = {
        source: tuple(np.concatenate(parts) for parts in zip(*results, strict=True))
        for (source, name), results in predictions.items()
        if name == classifier
    }
    return Plot(
        name="precision-recall",
        caption=f"Precision against recall of each class ({classifier}), all splits pooled.",
        png=plots.precision_recall({s: (truth, odds) for s, (truth, odds) in pooled.items()}, classes),
    )


def _share(splits: Sequence[Split]) -> str:
    train, rest = len(splits[0].train), len(splits[0].held_out)
    return f"{train / (train + rest):.0%}"
