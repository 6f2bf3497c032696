"""Real rows split at random several times, and a model trained on one part of each split, so that no row leaks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import pandas as pd
from sklearn.model_selection import train_test_split

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_core.contract.model import Arrays
from synthserve_training.evaluation.tables.columns import Columns

_DRAWN = 10_000


@dataclass(frozen=True)
class Split:
    """One split. All frames but `losses` have the form of `Columns.frame`.

    Attributes:
        seed: Of all random choices for this split.
        train: Real rows that the model was trained on.
        held_out: The other real rows.
        drawn: Rows of the model trained on `train` alone, so many that they show its distribution.
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


class Trained(Protocol):
    """A model that was trained on some rows."""

    @property
    def schema(self) -> TableSchema:
        """The columns; they can have fewer categories than those of the whole table."""
        ...

    @property
    def samples(self) -> Arrays:
        """What it generates, by key."""
        ...

    @property
    def losses(self) -> pd.DataFrame:
        """The log of the training, one row for each epoch."""
        ...


class Trainer(Protocol):
    """Trains models like the one that is evaluated."""

    def rows(self) -> pd.DataFrame:
        """All real rows, as the model was trained on them: see `Columns.real`."""
        ...

    def train(self, rows: pd.DataFrame, *, seed: int, count: int) -> Trained:
        """Trains a model on some of the rows.

        Args:
            rows: Some of the real rows.
            seed: Of the training and of the samples.
            count: How many samples to draw.
        """
        ...


def split_and_train(
    trainer: Trainer,
    rows: pd.DataFrame,
    columns: Columns,
    *,
    held_out: float,
    stratified: bool,
    repeats: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Split]:
    """Splits rows, and trains on a part of each split.

    Args:
        trainer: Trains.
        rows: Some or all of its real rows.
        columns: Of the table.
        held_out: The share of rows that no training sees, between 0 and 1.
        stratified: Keep the target's classes in proportion; each row then needs a value of the target. Without it, both
            parts are independent samples, which is what generated rows must be compared with.
        repeats: How many splits.
        seed: Of the first split, at least 0; each split has the next.
        progress: Is told after each split how many are done, and how many there are.
    """
    for number in range(repeats):
        own = seed + number
        target = columns.real(rows)[columns.target] if stratified else None
        part, rest = train_test_split(rows, test_size=held_out, random_state=own, stratify=target)
        trained = trainer.train(part, seed=own, count=_DRAWN)
        drawn = replace(columns, schema=trained.schema).frame([trained.samples])
        yield Split(own, columns.real(part), columns.real(rest), drawn, trained.losses)
        progress(number + 1, repeats)
