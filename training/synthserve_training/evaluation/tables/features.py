"""Rows as vectors, for classifiers and distances."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns

_MOST_CATEGORIES = 100
"""Of a column: rarer ones are one category together."""


@dataclass(frozen=True)
class Features:
    """Turns rows into vectors.

    A vector holds the numbers, then for each nullable column of numbers whether the value is missing (1 or 0), then
    the categories one-hot. A missing category is a category of its own, and so are all together that are not among
    the hundred most frequent real ones. A missing number is replaced by the median of the real rows.

    Attributes:
        columns: Of the table.
        medians: float64 [numbers]: what replaces a missing number.
        deviations: float64 [numbers]: the standard deviations of the real numbers; 1 for a constant.
        categories: The categories that have a place of their own, by column.
    """

    columns: Columns
    medians: NDArray[np.float64]
    deviations: NDArray[np.float64]
    categories: Mapping[str, list[str]]

    @classmethod
    def of(cls, real: pd.DataFrame, columns: Columns) -> "Features":
        """Takes medians, standard deviations and the frequent categories from real rows."""
        numbers = real[columns.numbers]
        deviations = numbers.std(ddof=0).fillna(0.0).to_numpy(np.float64)
        return cls(
            columns,
            numbers.median().fillna(0.0).to_numpy(np.float64),
            np.where(deviations > 0, deviations, 1.0),
            {name: _frequent(real[name], known) for name, known in columns.categories.items()},
        )

    def __call__(self, frame: pd.DataFrame, without: str | None = None) -> NDArray[np.float64]:
        """Encodes rows.

        Args:
            frame: Of the form of `Columns.frame`.
            without: A column to leave out: the one to be predicted.

        Returns:
            float64 [rows, width].
        """
        kept = [index for index, name in enumerate(self.columns.numbers) if name != without]
        numbers, missing = self._numbers(frame)
        nullable = [index for index in self._nullable if index in kept]
        return np.concatenate([numbers[:, kept], missing[:, nullable], *self._one_hot(frame, without)], axis=1)

    def standardised(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Encodes rows for distances.

        Numbers are in standard deviations of the real rows. A category that differs, and a number that is missing in
        one row only, adds 1 to the squared distance.

        Returns:
            float64 [rows, width].
        """
        numbers, missing = self._numbers(frame)
        # Two one-hot vectors that differ are the square root of 2 apart.
        one_hot = [part / np.sqrt(2.0) for part in self._one_hot(frame, None)]
        return np.concatenate([numbers / self.deviations, missing[:, self._nullable], *one_hot], axis=1)

    @property
    def _nullable(self) -> list[int]:
        nullable = set(self.columns.nullable)
        return [index for index, name in enumerate(self.columns.numbers) if name in nullable]

    def _numbers(self, frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        numbers = frame[self.columns.numbers].to_numpy(np.float64)
        missing = np.isnan(numbers)
        return np.where(missing, self.medians, numbers), missing.astype(np.float64)

    def _one_hot(self, frame: pd.DataFrame, without: str | None) -> list[NDArray[np.float64]]:
        nullable = set(self.columns.nullable)
        parts = []
        for name, known in self.categories.items():
            if name == without:
                continue
            codes = pd.Index(known).get_indexer(pd.Index(frame[name]))
            missing = frame[name].isna().to_numpy()
            others = (codes < 0) & ~missing
            found = np.zeros((len(frame), len(known)))
            rows = np.flatnonzero(codes >= 0)
            found[rows, codes[rows]] = 1.0
            more = [missing] if name in nullable else []
            if len(known) < len(self.columns.categories[name]):
                more.append(others)
            parts.append(np.concatenate([found, *(one[:, np.newaxis].astype(np.float64) for one in more)], axis=1))
        return parts


def _frequent(values: pd.Series, known: list[str]) -> list[str]:
    if len(known) <= _MOST_CATEGORIES:
        return known
    return sorted(values.value_counts().index[:_MOST_CATEGORIES])
