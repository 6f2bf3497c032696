"""How close generated rows are to the rows that a model was trained on, and what an attacker makes of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.features import Features


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
        attack: The AUC of the membership attack on the synthetic rows.
        attack_on_copies: Its AUC if the training rows themselves were released.
    """

    synthetic: NDArray[np.float64]
    control: NDArray[np.float64]
    synthetic_ratio: NDArray[np.float64]
    control_ratio: NDArray[np.float64]
    nearer: NDArray[np.float64]
    attack: float
    attack_on_copies: float


def distances(train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> Distances:
    """Measures the distances between training rows, held-out rows and generated rows."""
    features = Features.of(pd.concat([train, held_out]), columns)
    members, others, drawn = (features.standardised(frame) for frame in (train, held_out, synthetic))
    same = min(len(members), len(others))
    to_members, control = _nearest(members, drawn), _nearest(members, others)
    closest, closest_other = _nearest(members[:same], drawn)[:, 0], _nearest(others[:same], drawn)[:, 0]
    return Distances(
        synthetic=to_members[:, 0],
        control=control[:, 0],
        synthetic_ratio=_ratio(to_members),
        control_ratio=_ratio(control),
        nearer=np.where(closest < closest_other, 1.0, np.where(closest > closest_other, 0.0, 0.5)),
        attack=_attack(members, others, drawn),
        attack_on_copies=_attack(members, others, members),
    )


def copied_share(frame: pd.DataFrame, real: pd.DataFrame) -> float:
    """The share of rows that equal a real row in every column; two missing values are equal."""
    known = set(_rows(real))
    return float(np.mean([row in known for row in _rows(frame[list(real.columns)])]))


def corrected_interval(values: NDArray[np.float64], ratio: float) -> tuple[float, float] | None:
    """The 95 % interval of a mean over random splits of the same rows (Nadeau and Bengio 2003).

    Splits of the same rows are more similar to each other than to new rows. So the variance of the mean does not
    vanish, however many splits there are.

    Args:
        values: float64 [splits].
        ratio: How many rows a split holds out for each training row.

    Returns:
        Both ends; None: there is one split only.
    """
    count = len(values)
    if count < 2:
        return None
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 / count + ratio)
    return float(values.mean() - half), float(values.mean() + half)


def _attack(members: NDArray[np.float64], others: NDArray[np.float64], released: NDArray[np.float64]) -> float:
    closeness = -np.concatenate([_nearest(released, members)[:, 0], _nearest(released, others)[:, 0]])
    return float(roc_auc_score(np.repeat([1, 0], [len(members), len(others)]), closeness))


def _nearest(to: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distances of each row to the two closest rows, [rows, 2]."""
    found: NDArray[np.float64] = NearestNeighbors(n_neighbors=2).fit(to).kneighbors(of)[0]
    return found


def _ratio(nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    # A row that is equal to two training rows does not single out one of them: 1.
    return np.divide(nearest[:, 0], nearest[:, 1], out=np.ones(len(nearest)), where=nearest[:, 1] > 0)


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    # NaN differs from itself, None does not.
    plain = frame.astype(object).where(frame.notna(), None)
    return list(plain.itertuples(index=False, name=None))
