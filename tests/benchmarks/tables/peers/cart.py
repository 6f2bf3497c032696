"""A chain of CART models, the method of synthpop (Nowok, Raab and Dibben 2016), written with scikit-learn.

Columns are drawn in their order. The first one is drawn from its training values. For each other one, a tree
predicts it from the columns before it; a row falls into a leaf, and gets the value of a training row of that leaf,
chosen at random. As in synthpop, a leaf holds at least 5 rows, and a split has to improve the fit by a share of
1e-8.

Trees of scikit-learn have no categorical predictors. A category becomes its rank in the order of the first principal
component of what the column to be drawn looks like in it (Coppersmith, Hong and Hosking 1999): rpart does the same
in each node, here it is done once for each tree. A category of more than `MOST_CLASSES` values is predicted as its
rank by frequency.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tests.benchmarks.tables.peers.process import Job, PandasOutput, run

LEAF_ROWS = 5
MOST_CLASSES = 100
COMPLEXITY = 1e-8

Codes = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """A column of the training table.

    Attributes:
        values: Its values, as they are.
        codes: int64 [rows], from 0, by frequency, if it is a category.
        numbers: float64 [rows]: its numbers, a missing one below all others; codes of a category.
        classes: How many values a category has; 0: it is no category.
    """

    values: pd.Series
    codes: Codes
    numbers: Numbers
    classes: int


class Tree:
    """The model of one column, given those before it."""

    def __init__(self, target: Column, before: list[Column], seed: int) -> None:
        self._ranks = [_ranks(column, target) if column.classes else None for column in before]
        settings: dict[str, Any] = {"min_samples_leaf": LEAF_ROWS, "random_state": seed}
        rows = self._predictors([column.numbers for column in before])
        if 0 < target.classes <= MOST_CLASSES:
            self._tree = DecisionTreeClassifier(min_impurity_decrease=COMPLEXITY, **settings)
            self._tree.fit(rows, target.codes)
        else:
            scale = float(np.var(target.numbers))
            self._tree = DecisionTreeRegressor(min_impurity_decrease=COMPLEXITY * scale, **settings)
            self._tree.fit(rows, target.numbers)
        leaves = self._tree.apply(rows)
        # The training rows, leaf by leaf, and where each leaf begins.
        self._donors = np.argsort(leaves, kind="stable")
        self._counts = np.bincount(leaves, minlength=self._tree.tree_.node_count)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)[:-1]])

    def draw(self, before: list[Numbers], random: np.random.Generator) -> Codes:
        """Draws the training row that gives its value to each row.

        Args:
            before: float64 [rows] for each column before this one.
            random: Where random numbers come from.

        Returns:
            int64 [rows].
        """
        leaves = self._tree.apply(self._predictors(before))
        offsets = (random.random(len(leaves)) * self._counts[leaves]).astype(np.int64)
        donors: Codes = self._donors[self._starts[leaves] + offsets]
        return donors

    def _predictors(self, columns: list[Numbers]) -> NDArray[np.float32]:
        ranked = [
            numbers if ranks is None else ranks[numbers.astype(np.int64)]
            for numbers, ranks in zip(columns, self._ranks, strict=True)
        ]
        return np.column_stack(ranked).astype(np.float32)


class Cart(PandasOutput):
    """The chain."""

    def fit(self, job: Job) -> None:
        """Grows the trees."""
        self._random = np.random.default_rng(job.seed)
        train = job.train()
        categories = set(job.roles.categories)
        self._columns = [column_of(train[name], name in categories) for name in train.columns]
        self._trees = [
            Tree(column, self._columns[:place], job.seed) for place, column in enumerate(self._columns) if place
        ]

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows."""
        first, *others = self._columns
        donors = self._random.integers(0, len(first.values), count)
        drawn, numbers = [first.values.to_numpy()[donors]], [first.numbers[donors]]
        for column, tree in zip(others, self._trees, strict=True):
            donors = tree.draw(numbers, self._random)
            drawn.append(column.values.to_numpy()[donors])
            numbers.append(column.numbers[donors])
        return pd.DataFrame({c.values.name: values for c, values in zip(self._columns, drawn, strict=True)})


def column_of(values: pd.Series, category: bool) -> Column:
    """Prepares a column of the training table."""
    if not category:
        numbers = pd.to_numeric(values).to_numpy(np.float64, na_value=np.nan)
        if values.dtype.kind == "M":
            numbers[values.isna().to_numpy()] = np.nan
        least, spread = np.nanmin(numbers), np.nanstd(numbers) + 1.0
        return Column(values, np.zeros(0, np.int64), np.where(np.isnan(numbers), least - spread, numbers), 0)
    shares = values.value_counts(dropna=False)
    codes = pd.Series(np.arange(len(shares)), index=shares.index).reindex(values).to_numpy(np.int64)
    return Column(values, codes, codes.astype(np.float64), len(shares))


def _ranks(predictor: Column, target: Column) -> Numbers:
    """The rank of each category of a predictor, by what the target looks like in it; float64 [categories]."""
    counts = np.bincount(predictor.codes, minlength=predictor.classes).astype(np.float64)
    if 0 < target.classes <= MOST_CLASSES:
        joint = np.zeros((predictor.classes, target.classes))
        np.add.at(joint, (predictor.codes, target.codes), 1.0)
        shares = joint / counts[:, None]
        centred = shares - joint.sum(axis=0) / counts.sum()
        _, axes = np.linalg.eigh((centred * counts[:, None]).T @ centred)
        scores = centred @ axes[:, -1]
    else:
        scores = np.bincount(predictor.codes, weights=target.numbers, minlength=predictor.classes) / counts
    ranks = np.empty(predictor.classes)
    ranks[np.argsort(scores, kind="stable")] = np.arange(predictor.classes)
    return ranks


if __name__ == "__main__":
    run(Cart)
