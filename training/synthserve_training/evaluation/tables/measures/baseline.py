"""The simplest generator that knows classes: a Gaussian for each. A useful model is better than this."""

import numpy as np
import pandas as pd

from synthserve_training.evaluation.tables.columns import Columns


def gaussian_per_class(train: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    """As many rows of each class as `train` has, numbers drawn from a Gaussian with the class's mean and covariance.

    Other columns of categories are drawn from the class's rows, each independently. Numbers are missing together as
    they are in randomly chosen rows of the class; the Gaussian is fitted with the class's mean in their place.

    Args:
        train: Real rows; each has a value in the target column.
        columns: Of the table; it has a target.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for _, members in train.groupby(columns.target):
        part = _numbers(members[columns.numbers], generator)
        for name in columns.categories:
            part[name] = (
                members[name].to_numpy(object)
                if name == columns.target
                else generator.choice(members[name].to_numpy(object), len(members))
            )
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(columns.categories, "string"))
    return columns.finished(whole)[list(train.columns)]


def _numbers(members: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    if members.columns.empty:
        return pd.DataFrame(index=range(len(members)))
    numbers = members.fillna(members.mean()).fillna(0.0).to_numpy(np.float64)
    covariance = np.atleast_2d(np.cov(numbers, rowvar=False, ddof=0))
    # Rounding can make tiny eigenvalues of numbers of very different sizes negative.
    drawn = generator.multivariate_normal(
        numbers.mean(axis=0), covariance, len(members), check_valid="ignore", method="eigh"
    )
    missing = members.isna().to_numpy()
    if missing.any():
        drawn[missing[generator.integers(0, len(members), len(members))]] = np.nan
    return pd.DataFrame(drawn, columns=members.columns)
