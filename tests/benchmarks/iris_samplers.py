"""Which sampler makes the best Iris rows? Train on synthetic rows, test on held-out real ones.

For each of several 70/30 splits, the VAE of `iris-vae` is trained on the larger part. Each sampler then generates as
many rows; two classifiers learn from them and are tested on the smaller part. The same classifiers trained on the real
rows, and on a Gaussian per class, are the comparison.

    python -m tests.benchmarks.iris_samplers [--splits 20] [--no-observation-noise]
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.fixtures import commands

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.data.preprocessing import table
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures.baseline import gaussian_per_class
from synthserve_training.evaluation.tables.real import typed
from synthserve_training.models.sampling import generate
from synthserve_training.recipe import Recipe
from synthserve_training.train.experiment import build, load
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder

TARGET = "species"
SAMPLERS: Mapping[str, Mapping[str, object]] = {
    "prior": {"kind": "prior"},
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

    recipe = recipes.parse(recipes.read("iris-vae"))
    if not options.observation_noise:
        recipe = replace(recipe, heads=tuple(head for head in recipe.heads if head.kind != "observation_noise"))
    preprocessed = load(recipe)
    rows, schema = preprocessed.data, preprocessed.decoder.schema
    if not isinstance(rows, pd.DataFrame) or not isinstance(schema, TableSchema):
        raise RuntimeError("Iris is a table")
    columns = Columns(schema, TARGET)
    scores: dict[str, list[dict[str, float]]] = defaultdict(list)
    for split in range(splits):
        train, test = train_test_split(rows, test_size=0.3, random_state=split, stratify=rows[TARGET])
        real = columns.real(typed(train, schema))
        frames = {"real rows": real, "Gaussian per class": gaussian_per_class(real, columns, split)}
        for name, frame in (frames | vae_rows(recipe, train, columns, split)).items():
            scores[name].append(accuracies(frame, columns.real(typed(test, schema))))
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


def vae_rows(recipe: Recipe, train: pd.DataFrame, columns: Columns, seed: int) -> dict[str, pd.DataFrame]:
    """As many rows from each sampler, after training on `train`."""
    options = table.of_cleaned(recipe.preprocessing.options)
    experiment = build(recipe, table.fit(options, train), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        fit(experiment, RunFolder(Path(folder)), epochs=recipe.training.epochs)
    frames = {}
    for name, sampler in SAMPLERS.items():
        model = replace(experiment, recipe=replace(recipe, sampler=part("samplers", sampler))).generative()
        samples = generate(model, seed=seed, count=len(train), batch_size=recipe.export.batch_size)
        frames[name] = columns.frame([samples])
    return frames


if __name__ == "__main__":
    commands.run(main)
