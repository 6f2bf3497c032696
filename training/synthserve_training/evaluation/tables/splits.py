"""What is compared: a model's rows, the real rows that it was trained on, and real rows that it has not seen."""

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_core.contract.model import Arrays
from synthserve_training.evaluation.tables.columns import Columns

DRAWN = 10_000
"""At least so many rows are drawn of a model, so that the chance of a small draw does not count against it."""


@dataclass(frozen=True)
class Split:
    """A model and the real rows around it. All frames but `losses` have the form of `Columns.frame`.

    Their rows are in random order, so the first ones are a random sample.

    Attributes:
        seed: Of all random choices for this split.
        train: Real rows that the model was trained on.
        held_out: The other real rows.
        drawn: Rows of the model, so many that they show its distribution.
        losses: The log of its training, one row for each epoch; None: it was not trained for the evaluation.
    """

    seed: int
    train: pd.DataFrame
    held_out: pd.DataFrame
    drawn: pd.DataFrame
    losses: pd.DataFrame | None = None

    @property
    def synthetic(self) -> pd.DataFrame:
        """As many of the generated rows as `train` has."""
        return self.drawn[: len(self.train)]


class Source(enum.Enum):
    """Whose rows are compared, and with what."""

    GRAPH = "graph"
    """Those of the exported graph, with held-out rows that were kept from its training."""

    GRAPH_SEEN_ALL = "graph, seen all"
    """Those of the exported graph, which was trained on all real rows: with random halves of them."""

    RETRAINED = "retrained"
    """Those of the recipe trained anew on halves, with the other halves."""

    @property
    def model(self) -> str:
        """The model, in words."""
        return "the recipe trained on half of the real ones" if self is Source.RETRAINED else "the exported graph"

    @property
    def unseen(self) -> str:
        """The held-out rows, in words."""
        if self is Source.GRAPH:
            return "the held-out real rows"
        return "the other half" if self is Source.RETRAINED else "a random half of the real rows, which it has seen"


@dataclass(frozen=True)
class Comparison:
    """All tables of an evaluation.

    Attributes:
        columns: Of all tables.
        source: Whose rows the splits hold.
        splits: At least one.
        rows: All real rows that the exported graph was trained on.
        exported: Rows of the exported graph.
    """

    columns: Columns
    source: Source
    splits: Sequence[Split]
    rows: pd.DataFrame
    exported: pd.DataFrame

    @property
    def facts(self) -> dict[str, object]:
        """What descriptions mention."""
        return {
            "model": self.source.model,
            "unseen": self.source.unseen,
            "drawn": len(self.splits[0].drawn),
            "exported": len(self.exported),
            "splits": len(self.splits),
        }


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

    def train(self, rows: NDArray[np.int64], *, seed: int, count: int) -> Trained:
        """Trains a model on some of the rows.

        Args:
            rows: Which of the real rows, [n].
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
    """Splits rows, and trains on a part of each split, so that no row leaks.

    Args:
        trainer: Trains.
        rows: All of its real rows.
        columns: Of the table.
        held_out: The share of rows that no training sees, between 0 and 1.
        stratified: Keep the target's classes in proportion, and leave out rows without a value of the target. Without
            it, both parts are independent samples, which is what generated rows must be compared with.
        repeats: How many splits.
        seed: Of the first split, at least 0; each split has the next.
        progress: Is told after each split how many are done, and how many there are.
    """
    chosen = np.arange(len(rows))
    if stratified:
        chosen = chosen[rows[columns.target].notna().to_numpy()]
    for number in range(repeats):
        own = seed + number
        target = rows[columns.target].iloc[chosen] if stratified else None
        part, rest = train_test_split(chosen, test_size=held_out, random_state=own, stratify=target)
        trained = trainer.train(part, seed=own, count=DRAWN)
        drawn = replace(columns, schema=trained.schema).frame([trained.samples])
        yield Split(own, rows.iloc[part], rows.iloc[rest], drawn, trained.losses)
        progress(number + 1, repeats)
