"""The simplest generator that knows classes: a Gaussian for each. A model that loses to it is not worth its weight."""

import numpy as np
import pandas as pd

from synthserve_training.evaluation.tables.columns import Columns


def gaussian_per_class(train: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    """As many rows of each class as `train` has, numbers drawn from a Gaussian with the class's mean and covariance.

    Other columns of categories are drawn from the class's rows, each for itself.

    Args:
        train: Real rows with a target column.
        columns: Of the table; there is a target.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for _, members in train.groupby(columns.target):
        numbers = members[columns.numbers].to_numpy(np.float64)
        covariance = np.atleast_2d(np.cov(numbers, rowvar=False, ddof=0))
        drawn = generator.multivariate_normal(numbers.mean(axis=0), covariance, len(members), method="eigh")
        part = pd.DataFrame(drawn, columns=columns.numbers)
        for name in columns.categories:
            part[name] = (
                members[name].to_numpy() if name == columns.target else generator.choice(members[name], len(members))
            )
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True).astype(dict.fromkeys(columns.categories, "string"))
    return columns.finished(whole)[list(train.columns)]
