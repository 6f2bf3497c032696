"""Trains the recipe of a package anew on some of the real rows, and draws from it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_core.contract.model import Arrays
from synthserve_training.data.preprocessing import table
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.subject import Subject
from synthserve_training.models.sampling import generate
from synthserve_training.recipe import Recipe
from synthserve_training.train.experiment import build, load
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder


@dataclass(frozen=True)
class Retrained:
    """A recipe that was trained on some rows; see `tables.splits.Trained`."""

    schema: TableSchema
    samples: Arrays
    losses: pd.DataFrame


@dataclass(frozen=True)
class Retraining:
    """Trains the recipe of a table's package; see `tables.splits.Trainer`.

    Attributes:
        recipe: The recipe.
        epochs: How long to train.
        rows: All real rows, cleaned.
    """

    recipe: Recipe
    epochs: int
    rows: pd.DataFrame

    @classmethod
    def of(cls, subject: Subject) -> "Retraining":
        """Loads the real rows of a package; it is trained anew as long as it was trained.

        Raises:
            DatasetError: The rows could not be loaded.
            RecipeError: Its recipe is not one of this version of the trainer.
        """
        recipe = subject.recipe
        return cls(recipe, subject.manifest.provenance.epochs, load(recipe, subject.data_dir).data)

    def train(self, rows: NDArray[np.int64], *, seed: int, count: int) -> Retrained:
        """Trains on some of the rows.

        Args:
            rows: Which of `rows`, [n].
            seed: Of the training and of the samples.
            count: How many samples to draw.

        Raises:
            EvaluationError: The recipe does not generate a table.
            RunError: A loss is no longer finite.
        """
        keras.utils.clear_session()  # else the graphs of earlier trainings stay in memory
        options = table.of_cleaned(table.with_columns(self.recipe.preprocessing.options, self.rows))
        experiment = build(self.recipe, table.fit(options, self.rows.iloc[rows]), seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            run = RunFolder(Path(folder))
            fit(experiment, run, epochs=self.epochs, resume=False)
            losses = pd.DataFrame(run.losses()).astype(float)
        model = experiment.generative()
        if not isinstance(model.schema, TableSchema):
            raise EvaluationError("the recipe does not generate a table")
        samples = generate(model, seed=seed, count=count, batch_size=self.recipe.export.batch_size)
        return Retrained(model.schema, samples, losses)
