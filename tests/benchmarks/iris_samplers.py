"""Which sampler makes the best Iris rows? Train on synthetic rows, test on held-out real ones.

Over repeated 70/30 splits: train the VAE of `iris-vae` on the larger part, generate as many rows with each sampler, fit
two classifiers to them and score these on the smaller part. The same classifiers fitted to the real rows, and to a
Gaussian per class, stand beside.

    python -m tests.benchmarks.iris_samplers [--splits 20] [--no-observation-noise]
"""

import argparse
import dataclasses
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.fixtures import commands

from synthserve_training import recipe as recipes
from synthserve_training.components import component
from synthserve_training.experiment import Experiment, assemble
from synthserve_training.finished import finish
from synthserve_training.loop import fit
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.run_folder import RunFolder

TARGET = "species"
SAMPLERS: Mapping[str, Mapping[str, object]] = {
    "prior": {"kind": "prior"},
    "interpolation": {"kind": "interpolation", "condition": TARGET},
    "mixture, 1 component": {"kind": "mixture", "condition": TARGET, "components": 1},
    "mixture, 2 components": {"kind": "mixture", "condition": TARGET, "components": 2},
    "mixture, 3 components": {"kind": "mixture", "condition": TARGET, "components": 3},
}


def main() -> None:
    """Prints mean and standard deviation of the accuracies."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--splits", type=commands.count, default=20)
    arguments.add_argument("--observation-noise", action=argparse.BooleanOptionalAction, default=True)
    options = arguments.parse_args()
    splits = options.splits

    text = recipes.read("iris-vae")
    if not options.observation_noise:
        text = text.replace("observation_noise = true", "observation_noise = false")
    rows = assemble(text, seed=0).preprocessed.data
    scores: dict[str, list[dict[str, float]]] = defaultdict(list)
    for split in range(splits):
        train, test = train_test_split(rows, test_size=0.3, random_state=split, stratify=rows[TARGET])
        scores["real rows"].append(accuracies(train, test))
        scores["Gaussian per class"].append(accuracies(gaussian_per_class(train, split), test))
        for name, frame in vae_rows(text, train, split).items():
            scores[name].append(accuracies(frame, test))
        print(f"split {split + 1}/{splits}", end="\r", flush=True)
    print(f"{'':<24}{'logistic regression':>22}{'random forest':>22}")
    for name, results in scores.items():
        table = pd.DataFrame(results)
        cells = "".join(f"{table[c].mean():>14.3f} ± {table[c].std():.3f}" for c in table)
        print(f"{name:<24}{cells}")


def accuracies(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """Accuracy on `test` of classifiers fitted to `train`."""
    classifiers: dict[str, ClassifierMixin] = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "random forest": RandomForestClassifier(200, random_state=0),
    }
    features = [column for column in test.columns if column != TARGET]
    return {
        name: float(classifier.fit(train[features], train[TARGET]).score(test[features], test[TARGET]))
        for name, classifier in classifiers.items()
    }


def gaussian_per_class(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """As many rows, drawn from a Gaussian fitted to each class."""
    generator = np.random.default_rng(seed)
    parts = []
    for label, group in train.groupby(TARGET):
        numbers = group.drop(columns=TARGET)
        drawn = generator.multivariate_normal(numbers.mean(), numbers.cov(), len(group))
        parts.append(pd.DataFrame(drawn, columns=numbers.columns).round(1).assign(**{TARGET: label}))
    return pd.concat(parts)


def vae_rows(text: str, train: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    """As many rows from each sampler, after training on `train`."""
    experiment = with_rows(assemble(text, seed=seed), train)
    with tempfile.TemporaryDirectory() as folder:
        epochs = experiment.recipe.training.epochs
        run = RunFolder(Path(folder))
        fit(experiment, run, epochs=epochs, resume=False, progress=lambda *_: None, write_samples=lambda *_: None)
    frames = {}
    for name, sampler in SAMPLERS.items():
        model = finish(
            dataclasses.replace(experiment, recipe=experiment.recipe.model_copy(update={"sampler": sampler}))
        )
        noise = np.random.default_rng(seed).standard_normal((len(train), model.noise_size), np.float32)
        values = model(noise, {c: np.full(len(train), -1, np.int64) for c in model.conditions})
        frame = pd.DataFrame({column: np.asarray(value) for column, value in values.items()})
        categories = np.unique(train[TARGET])  # the codes count the sorted values
        frames[name] = frame.assign(**{TARGET: categories[frame[TARGET]]})
    return frames


def with_rows(experiment: Experiment, rows: pd.DataFrame) -> Experiment:
    """The experiment, on some of the rows only."""
    preprocessing, options = component("preprocessing", experiment.recipe.preprocessing)
    preprocessed: Preprocessed = preprocessing.fit(options, rows)
    return dataclasses.replace(experiment, preprocessed=preprocessed)


if __name__ == "__main__":
    commands.run(main)
