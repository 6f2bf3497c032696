"""Privacy: do synthetic rows lie nearer to the rows that were learnt from than to others of the same kind?

Measured with the recipe trained on half of the real rows. The other half are the control: people (or flowers) whom the
model cannot know. What holds for both halves is about the population, what holds for one is about its members.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from synthserve_training.evaluation.figures import Better, Figure, Plot, Section, Table
from synthserve_training.evaluation.tables import plots
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split

_CLOSE = 0.05


@dataclass(frozen=True)
class Distances:
    """Distances of one split, in standard deviations of the real rows; a category that differs counts 1.

    Attributes:
        synthetic: float64 [rows]: from each synthetic row to the closest that was learnt from.
        control: float64 [rows]: from each held-out row to the closest that was learnt from.
        synthetic_ratio: float64 [rows]: closest to second closest, for the synthetic rows.
        control_ratio: float64 [rows]: the same for the held-out rows.
        nearer: float64 [rows]: 1 where a synthetic row is nearer to a row that was learnt from than to any held out,
            0 where it is not, 0.5 where both are as near.
        attack: The AUC of the membership attack.
        attack_on_copies: Its AUC had the rows that were learnt from been released themselves.
    """

    synthetic: NDArray[np.float64]
    control: NDArray[np.float64]
    synthetic_ratio: NDArray[np.float64]
    control_ratio: NDArray[np.float64]
    nearer: NDArray[np.float64]
    attack: float
    attack_on_copies: float


def evaluate(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Section:
    """Measures privacy.

    Args:
        splits: Real rows in halves.
        exported: Rows from the exported graph.
        rows: All real rows.
        columns: Of the table.
    """
    found = [distances(split.train, split.held_out, split.synthetic, columns) for split in splits]
    attacks = np.array([f.attack for f in found])
    interval = _text(corrected_interval(attacks, len(splits[0].held_out) / len(splits[0].train)))
    synthetic = np.concatenate([f.synthetic for f in found])
    control = np.concatenate([f.control for f in found])
    copies = [copied_share(split.synthetic, split.train) for split in splits]
    real_copies = float(np.mean([copied_share(split.held_out, split.train) for split in splits]))

    def per_split(attribute: str, quantile: float = 0.5) -> list[float]:
        return [float(np.quantile(getattr(f, attribute), quantile)) for f in found]

    def figure(metric: str, values: list[float], reference: float, better: Better, text: str) -> Figure:
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
        headline = metric == "membership_attack_auc"
        return Figure(metric, float(np.mean(values)), reference, spread, better, text, headline)

    learnt = "to the closest row that was learnt from"
    figures = (
        figure(
            "membership_attack_auc",
            list(attacks),
            0.5,
            "closer",
            "AUC of an attacker who holds real rows and takes those closest to synthetic rows for members; 0.5: the "
            f"attacker guesses, as for real rows by symmetry (95 % interval: {interval}).",
        ),
        figure(
            "nearer_to_training_share",
            [float(f.nearer.mean()) for f in found],
            0.5,
            "closer",
            "Share of synthetic rows that are nearer to a row that was learnt from than to any held-out row; 0.5 by "
            "symmetry for real rows that are in neither half.",
        ),
        figure(
            "dcr_median",
            per_split("synthetic"),
            float(np.mean(per_split("control"))),
            "closer",
            f"Median distance of synthetic rows {learnt}, in standard deviations; reference: of held-out rows.",
        ),
        figure(
            "dcr_5_percent",
            per_split("synthetic", _CLOSE),
            float(np.mean(per_split("control", _CLOSE))),
            "higher",
            f"Distance {learnt} that only 5 % of the synthetic rows fall short of; reference: of the held-out rows.",
        ),
        figure(
            "nndr_median",
            per_split("synthetic_ratio"),
            float(np.mean(per_split("control_ratio"))),
            "closer",
            "Median ratio of the distances to the closest and the second closest row that was learnt from; a low ratio "
            "points at one row.",
        ),
        figure(
            "exact_copies",
            copies,
            real_copies,
            "lower",
            "Share of synthetic rows that equal a row that was learnt from in every column; reference: held-out rows.",
        ),
    )
    copied = copied_share(exported, rows)
    table = Table(
        title="Membership attack",
        columns=("what is released", "AUC", "95 % interval"),
        rows=(
            ("synthetic rows", round(float(attacks.mean()), 3), interval),
            ("the training rows themselves", round(float(np.mean([f.attack_on_copies for f in found])), 3), None),
        ),
        note=(
            "The second line shows that the attack can succeed. The interval allows for the splits being of the same "
            "rows (Nadeau and Bengio 2003). Other attacks may do better than this one. Of "
            f"{len(exported):,} rows of the exported graph a share of {copied:.4f} equals a real row in every column."
        ),
    )
    plot = Plot(
        name="closest-record",
        caption="Distance to the closest row that was learnt from: synthetic rows beside held-out real rows.",
        png=plots.distances(synthetic, control),
    )
    return Section(
        title="Privacy",
        summary=(
            f"{len(splits)} times the recipe was trained on half of the real rows. Its rows, and the half that it "
            "never saw, are compared with the half that it learnt from. These are measurements, not guarantees: the "
            "model was not trained with differential privacy."
        ),
        figures=figures,
        plots=(plot,),
        tables=(table,),
    )


def distances(train: pd.DataFrame, held_out: pd.DataFrame, synthetic: pd.DataFrame, columns: Columns) -> Distances:
    """Measures the distances between what was learnt from, what was held out and what was generated."""
    real = np.concatenate([columns.encode(train), columns.encode(held_out)])
    scale = np.ones(real.shape[1])
    count = len(columns.numbers)
    deviations = real[:, :count].std(axis=0)
    scale[:count] = np.where(deviations > 0, deviations, 1.0)
    scale[count:] = np.sqrt(2.0)  # two one-hot vectors that differ are this far apart
    members, others, drawn = (columns.encode(frame) / scale for frame in (train, held_out, synthetic))
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
    """The share of rows that equal a real row in every column."""
    known = set(real.itertuples(index=False, name=None))
    return float(np.mean([row in known for row in frame[list(real.columns)].itertuples(index=False, name=None)]))


def corrected_interval(values: NDArray[np.float64], ratio: float) -> tuple[float, float] | None:
    """The 95 % interval of a mean over random splits of the same rows (Nadeau and Bengio 2003).

    Splits of the same rows agree with each other more than new rows would with them, so that the variance of the mean
    does not fall to nothing with their number.

    Args:
        values: float64 [splits].
        ratio: How many rows a split holds out for one that it learns from.

    Returns:
        Both ends; None: one split tells nothing of how much they differ.
    """
    count = len(values)
    if count < 2:
        return None
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 / count + ratio)
    return float(values.mean() - half), float(values.mean() + half)


def _text(interval: tuple[float, float] | None) -> str:
    return "{:.3f} to {:.3f}".format(*interval) if interval else "not known from one split"


def _attack(members: NDArray[np.float64], others: NDArray[np.float64], released: NDArray[np.float64]) -> float:
    reach = -np.concatenate([_nearest(released, members)[:, 0], _nearest(released, others)[:, 0]])
    return float(roc_auc_score(np.repeat([1, 0], [len(members), len(others)]), reach))


def _nearest(to: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distances of each row to the two closest rows, [rows, 2]."""
    found: NDArray[np.float64] = NearestNeighbors(n_neighbors=2).fit(to).kneighbors(of)[0]
    return found


def _ratio(nearest: NDArray[np.float64]) -> NDArray[np.float64]:
    # Two rows that are both equal to this one point at none: 1.
    return np.divide(nearest[:, 0], nearest[:, 1], out=np.ones(len(nearest)), where=nearest[:, 1] > 0)
