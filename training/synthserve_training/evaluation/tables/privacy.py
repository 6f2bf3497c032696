"""Privacy: are synthetic rows closer to the training rows than to other rows of the same population?

Measured with the recipe trained on half of the real rows. The other half is the control: people (or flowers) whom the
model cannot know. What holds for both halves is about the population; what holds for one only is about its members.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.tables import plots
from synthserve_training.evaluation.tables.closeness import copied_share, corrected_interval, distances
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split

_CLOSE = 0.05

METRICS = (
    Metric(
        "membership_attack_auc",
        "closer",
        "AUC of an attacker who has real rows and guesses that those closest to synthetic rows were trained on; 0.5: "
        "no better than chance, which real rows get by symmetry (95 % interval: {interval}).",
        headline=True,
    ),
    Metric(
        "nearer_to_training_share",
        "closer",
        "Share of synthetic rows that are nearer to a training row than to any held-out row; real rows that are in "
        "neither half get 0.5 by symmetry.",
    ),
    Metric(
        "dcr_median",
        "closer",
        "Median distance of synthetic rows to the closest training row, in standard deviations; reference: held-out "
        "rows.",
    ),
    Metric(
        "dcr_5_percent",
        "higher",
        "5 % quantile of the distance of synthetic rows to the closest training row; reference: held-out rows.",
    ),
    Metric(
        "nndr_median",
        "closer",
        "Median ratio of the distances to the closest and the second closest training row; a low ratio singles out one "
        "row; reference: held-out rows.",
    ),
    Metric(
        "exact_copies",
        "lower",
        "Share of synthetic rows that equal a training row in every column; reference: held-out rows.",
    ),
)

_SUMMARY = (
    "{splits} times the recipe was trained on half of the real rows. Its rows and the other half, which it did not "
    "see, are compared with the training rows. These are measurements, not guarantees: the model was not trained with "
    "differential privacy."
)

_ATTACK_NOTE = (
    "The second line shows that the attack can succeed. The interval allows for the fact that all splits are of the "
    "same rows (Nadeau and Bengio 2003). Other attacks may be stronger. Of {exported:,} rows of the exported graph a "
    "share of {copied:.4f} equals a real row in every column."
)


@dataclass(frozen=True)
class Findings:
    """What was measured.

    Attributes:
        measured: By the name of the metric.
        interval: 95 % interval of the attack's AUC; None: there is one split only.
        attack_on_copies: The attack's AUC if the training rows themselves were released.
        copied: The share of the exported graph's rows that equal a real row.
        synthetic: float64 [rows]: distances of the synthetic rows of all splits to the closest training row.
        control: float64 [rows]: the same for held-out rows.
    """

    measured: Mapping[str, Measurement]
    interval: tuple[float, float] | None
    attack_on_copies: float
    copied: float
    synthetic: NDArray[np.float64]
    control: NDArray[np.float64]


def evaluate(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Section:
    """Measures privacy.

    Args:
        splits: Real rows in halves.
        exported: Rows from the exported graph.
        rows: All real rows.
        columns: Of the table.
    """
    found = measure(splits, exported, rows, columns)
    interval = "{:.3f} to {:.3f}".format(*found.interval) if found.interval else "unknown, as there is one split only"
    return Section(
        title="Privacy",
        summary=_SUMMARY.format(splits=len(splits)),
        figures=described(METRICS, found.measured, interval=interval),
        plots=(
            Plot(
                name="closest-record",
                caption="Distance to the closest training row: synthetic rows and held-out real rows.",
                png=plots.distances(found.synthetic, found.control),
            ),
        ),
        tables=(
            Table(
                title="Membership attack",
                columns=("released rows", "AUC", "95 % interval"),
                rows=(
                    ("synthetic rows", round(found.measured["membership_attack_auc"].value, 3), interval),
                    ("the training rows themselves", round(found.attack_on_copies, 3), None),
                ),
                note=_ATTACK_NOTE.format(exported=len(exported), copied=found.copied),
            ),
        ),
    )


def measure(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Findings:
    """Computes all that the section reports; see `evaluate`."""
    found = [distances(split.train, split.held_out, split.synthetic, columns) for split in splits]
    attacks = [one.attack for one in found]

    def quantile(share: float, pairs: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Measurement:
        quantiles = [[float(np.quantile(values, share)) for values in pair] for pair in pairs]
        synthetic, control = zip(*quantiles, strict=True)
        return Measurement.repeated(synthetic, float(np.mean(control)))

    copies = [copied_share(split.synthetic, split.train) for split in splits]
    real_copies = [copied_share(split.held_out, split.train) for split in splits]
    return Findings(
        measured={
            "membership_attack_auc": Measurement.repeated(attacks, 0.5),
            "nearer_to_training_share": Measurement.repeated([float(one.nearer.mean()) for one in found], 0.5),
            "dcr_median": quantile(0.5, ((one.synthetic, one.control) for one in found)),
            "dcr_5_percent": quantile(_CLOSE, ((one.synthetic, one.control) for one in found)),
            "nndr_median": quantile(0.5, ((one.synthetic_ratio, one.control_ratio) for one in found)),
            "exact_copies": Measurement.repeated(copies, float(np.mean(real_copies))),
        },
        interval=corrected_interval(np.array(attacks), len(splits[0].held_out) / len(splits[0].train)),
        attack_on_copies=float(np.mean([one.attack_on_copies for one in found])),
        copied=copied_share(exported, rows),
        synthetic=np.concatenate([one.synthetic for one in found]),
        control=np.concatenate([one.control for one in found]),
    )
