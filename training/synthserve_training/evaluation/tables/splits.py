"""Real rows split at random, again and again, and the model trained anew on each part: nothing of the rest leaks in."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training.components import component
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.experiment import build
from synthserve_training.finished import finish
from synthserve_training.loop import fit
from synthserve_training.preprocessing import table
from synthserve_training.recipe import parse
from synthserve_training.run_folder import RunFolder

Progress = Callable[[int, int], None]

_DRAWN = 10_000


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        seed: Of everything that is drawn for this split.
        train: Real rows to learn from.
        held_out: The other real rows.
        drawn: What the recipe, trained anew on `train` alone, generates: so many rows that they are its distribution.
        losses: The log of that training, one row for each epoch.
    """

    seed: int
    train: pd.DataFrame
    held_out: pd.DataFrame
    drawn: pd.DataFrame
    losses: pd.DataFrame

    @property
    def synthetic(self) -> pd.DataFrame:
        """As many of the generated rows as `train` has."""
        return self.drawn[: len(self.train)]


def split_and_retrain(
    text: str,
    rows: pd.DataFrame,
    columns: Columns,
    *,
    epochs: int,
    held_out: float,
    stratified: bool,
    repeats: int,
    seed: int,
    progress: Progress = lambda _done, _all: None,
) -> Iterator[Split]:
    """Splits and trains anew.

    Args:
        text: The recipe, TOML.
        rows: Real rows, cleaned.
        columns: Of the table.
        epochs: How long to train.
        held_out: The share of rows that no training sees, between 0 and 1.
        stratified: Keep the target's classes in proportion. Without, both parts are independent samples, which is
            what generated rows have to be compared with.
        repeats: How many splits.
        seed: At least 0.
        progress: Called after each split with the number done and the number in all.
    """
    for number in range(repeats):
        own = seed + number
        target = rows[columns.target] if stratified else None
        train, rest = train_test_split(rows, test_size=held_out, random_state=own, stratify=target)
        drawn, losses = _retrained(text, train, columns, epochs, own)
        yield Split(own, train, rest, drawn, losses)
        progress(number + 1, repeats)


def _retrained(
    text: str, rows: pd.DataFrame, columns: Columns, epochs: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    keras.utils.clear_session()  # else the graphs of all splits stay in memory
    _, options = component("preprocessing", parse(text).preprocessing)
    experiment = build(text, table.fit(table.of_cleaned(options), rows), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        fit(experiment, run, epochs=epochs, resume=False, progress=lambda *_: None, write_samples=lambda *_: None)
        losses = pd.DataFrame(run.losses()).astype(float)
    model = finish(experiment)
    generator = np.random.Generator(np.random.Philox(key=seed))
    noise = generator.standard_normal((_DRAWN, model.noise_size), np.float32)
    values = model(noise, {column: np.full(_DRAWN, -1, np.int64) for column in model.conditions})
    schema = model.decoder.schema
    if not isinstance(schema, TableSchema):
        raise EvaluationError("the recipe does not generate a table")
    # The categories are those of the part, which can be fewer than those of the whole.
    own = replace(columns, schema=schema)
    return own.frame([{name: np.asarray(value) for name, value in values.items()}]), losses
