"""How close generated rows are to the rows that a model was trained on, and what an attacker makes of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features
from synthserve_training.evaluation.tables.measures import intervals
from synthserve_training.evaluation.tables.measures.intervals import Interval

_MOST_ROWS = 50_000
"""Of a table that is searched."""
_MOST_QUERIES = 5_000
"""Rows whose neighbours are searched."""
_DECIMALS = 5
"""Distances are rounded, as the rounding of products must not decide which of two equal ones is smaller."""


@dataclass(frozen=True)
class Distances:
    """Distances of one split, in standard deviations of the real rows; a category that differs counts 1.

    Attributes:
        synthetic: float64 [rows]: from each synthetic row to the closest training row.
        control: float64 [rows]: from each held-out row to the closest training row.
        synthetic_ratio: float64 [rows]: closest to second closest, for the synthetic rows.
        control_ratio: float64 [rows]: the same for the held-out rows.
        nearer: float64 [rows]: 1 where a synthetic row is nearer to a training row than to any held-out row, 0 where it
            is not, 0.5 where both are equally near.
        sharper: float64 [rows]: the same of the ratios of the closest to the second closest row.
        attack: The AUC of the membership attack on the synthetic rows, and its interval.
        attack_on_copies: Its AUC if the training rows themselves were released.
    """

    synthetic: NDArray[np.float64]
    control: NDArray[np.float64]
    synthetic_ratio: NDArray[np.float64]
    control_ratio: NDArray[np.float64]
    nearer: NDArray[np.float64]
    sharper: NDArray[np.float64]
    attack: tuple[float, Interval]
    attack_on_copies: float


def distances(train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> Distances:
    """Measures the distances between training rows, held-out rows and generated rows.

    Of large tables the first 50,000 rows are searched, for the neighbours of 5,000.
    """
    features = Features.of(pd.concat([train, held_out]), columns)
    members, others, drawn = (features.standardised(frame[:_MOST_ROWS]) for frame in (train, held_out, synthetic))
    queries, controls = drawn[:_MOST_QUERIES], others[:_MOST_QUERIES]
    same = min(len(members), len(others))
    to_members, control = _nearest(members, queries), _nearest(members, controls)
    # The same number on both sides, else the larger one would have the nearer rows.
    to_same, to_others = _nearest(members[:same], queries), _nearest(others[:same], queries)
    attacked = members[:_MOST_QUERIES]
    return Distances(
        synthetic=to_members[:, 0],
        control=control[:, 0],
        synthetic_ratio=_ratio(to_members),
        control_ratio=_ratio(control),
        nearer=_smaller(to_same[:, 0], to_others[:, 0]),
        sharper=_smaller(_ratio(to_same), _ratio(to_others)),
        attack=_attack(attacked, controls, drawn),
        attack_on_copies=_attack(attacked, controls, members)[0],
    )


def copied_share(frame: pd.DataFrame, real: pd.DataFrame) -> float:
    """The share of rows that equal a real row in every column; two missing values are equal."""
    both = pd.concat([frame[list(real.columns)], real], ignore_index=True)
    joint = np.zeros(len(both), np.int64)
    for name in both:
        codes, values = pd.factorize(both[name], use_na_sentinel=False)
        # Counted anew for each column, so that the codes stay small.
        joint = np.unique(joint * len(values) + codes, return_inverse=True)[1]
    return float(np.isin(joint[: len(frame)], joint[len(frame) :]).mean())


def _attack(
    members: NDArray[np.float64], others: NDArray[np.float64], released: NDArray[np.float64]
) -> tuple[float, Interval]:
    return intervals.auc(-_nearest(released, members)[:, 0], -_nearest(released, others)[:, 0])


def _nearest(to: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distances of each row to the two closest rows, [rows, 2]."""
    found: NDArray[np.float64] = NearestNeighbors(n_neighbors=2).fit(to).kneighbors(of)[0]
    return found.round(_DECIMALS)


def _ratio(nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    # A row that is equal to two training rows does not single out one of them: 1.
    return np.divide(nearest[:, 0], nearest[:, 1], out=np.ones(len(nearest)), where=nearest[:, 1] > 0)


def _smaller(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(one < two, 1.0, np.where(one > two, 0.0, 0.5))
