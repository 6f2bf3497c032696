"""Privacy: are synthetic rows closer to the training rows than to other rows of the same population?

Held-out rows are the control: people (or flowers) whom the model cannot know. What holds for both is about the
population; what holds for the training rows only is about its members.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.tables.measures import intervals, singling_out
from synthserve_training.evaluation.tables.measures.closeness import Distances, copied_share, distances
from synthserve_training.evaluation.tables.measures.intervals import Interval
from synthserve_training.evaluation.tables.measures.singling_out import Risk
from synthserve_training.evaluation.tables.plots import curves
from synthserve_training.evaluation.tables.splits import Comparison, Source

_CLOSE = 0.05

METRICS = (
    Metric(
        "membership_attack_auc",
        "closer",
        "AUC of an attacker with real rows, who guesses that the rows closest to synthetic ones were trained on. 0.5: "
        "no better than chance. Real rows get 0.5 by symmetry (95 % interval: {membership_attack_auc}).",
        headline=True,
    ),
    Metric(
        "nearer_to_training_share",
        "closer",
        "DCR share: the share of synthetic rows that are nearer to a training row than to any of as many held-out "
        "ones; real rows that are in neither get 0.5 by symmetry (95 % interval: {nearer_to_training_share}).",
    ),
    Metric(
        "nndr_share",
        "closer",
        "NNDR share: the share of synthetic rows whose ratio of the distances to the closest and the second closest "
        "row is smaller among training rows than among as many held-out rows; real rows get 0.5 by symmetry (95 % "
        "interval: {nndr_share}).",
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
    Metric(
        "singling_out_risk_univariate",
        "lower",
        "How much more often a value that one synthetic row has, or that is beyond all others, is that of exactly one "
        "training row than of one of as many held-out rows, as a share of the most that it could be (95 % interval: "
        "{singling_out_risk_univariate}).",
    ),
    Metric(
        "singling_out_risk_multivariate",
        "lower",
        "The same of conditions on three to eight columns that one synthetic row fulfils (95 % interval: "
        "{singling_out_risk_multivariate}).",
    ),
)

_SUMMARIES = {
    Source.GRAPH: "Rows of the exported graph, and real rows that it has not seen, are compared with training rows.",
    Source.RETRAINED: (
        "{splits} times the recipe was trained on half of the real rows. Its rows and the other half, which it did not "
        "see, are compared with the training rows."
    ),
}
_SUMMARY = " These are measurements, not guarantees: other attacks may be stronger."
_NOT_MEASURED = (
    "The model was trained on all real rows, so there are no others to compare with, and privacy is not measured. "
    "Train it anew on halves: `synthserve-train evaluate --retrain 20`."
)

_ATTACK_NOTE = (
    "The second line shows that the attack can succeed. Of {exported:,} rows of the exported graph a share of "
    "{copied:.4f} equals a real row in every column."
)
_SPLITS_NOTE = " The interval allows for the fact that all splits are of the same rows (Nadeau and Bengio 2003)."
_SINGLING_OUT_NOTE = (
    "The share of conditions that fit exactly one row, of those that fit one synthetic row (Giomi et al. 2023). "
    "For held-out rows it is extrapolated to as many as there are training rows. The risk is (training - held-out) / "
    "(1 - held-out); 0 or less: the model tells nothing of its members in this way."
)

_KINDS = {"univariate": "one column", "multivariate": "three to eight columns"}


@dataclass(frozen=True)
class Findings:
    """What was measured.

    Attributes:
        measured: By the name of the metric.
        intervals: The 95 % intervals of some, by the name of the metric; None: there is one split only.
        attack_on_copies: The attack's AUC if the training rows themselves were released.
        copied: The share of the exported graph's rows that equal a real row.
        synthetic: float64 [rows]: distances of the synthetic rows of all splits to the closest training row.
        control: float64 [rows]: the same for held-out rows.
        risks: What the singling-out attacks found, by name; of the first split.
    """

    measured: Mapping[str, Measurement]
    intervals: Mapping[str, Interval | None]
    attack_on_copies: float
    copied: float
    synthetic: NDArray[np.float64]
    control: NDArray[np.float64]
    risks: Mapping[str, Risk]


def evaluate(comparison: Comparison) -> Section:
    """Measures privacy, where there are real rows that the model has not seen."""
    if comparison.source is Source.GRAPH_SEEN_ALL:
        return Section(title="Privacy", summary=_NOT_MEASURED)
    found = measure(comparison)
    texts = {metric.name: intervals.text(found.intervals.get(metric.name)) for metric in METRICS}
    repeated = comparison.source is Source.RETRAINED
    note = _ATTACK_NOTE.format(exported=len(comparison.exported), copied=found.copied)
    return Section(
        title="Privacy",
        summary=_SUMMARIES[comparison.source].format_map(comparison.facts) + _SUMMARY,
        figures=described(METRICS, found.measured, **texts),
        plots=(
            Plot(
                name="closest-record",
                caption="Distance to the closest training row: synthetic rows and held-out real rows.",
                png=curves.distances(found.synthetic, found.control),
            ),
        ),
        tables=(
            Table(
                title="Membership attack",
                columns=("released rows", "AUC", "95 % interval"),
                rows=(
                    (
                        "synthetic rows",
                        round(found.measured["membership_attack_auc"].value, 3),
                        texts["membership_attack_auc"],
                    ),
                    ("the training rows themselves", round(found.attack_on_copies, 3), None),
                ),
                note=note + _SPLITS_NOTE * repeated,
            ),
            *_risk_tables(found.risks),
        ),
    )


def measure(comparison: Comparison) -> Findings:
    """Computes all that the section reports; see `evaluate`."""
    splits, columns = comparison.splits, comparison.columns
    found = [distances(split.train, split.held_out, split.synthetic, columns) for split in splits]
    series = {
        "membership_attack_auc": [one.attack[0] for one in found],
        "nearer_to_training_share": [float(one.nearer.mean()) for one in found],
        "nndr_share": [float(one.sharper.mean()) for one in found],
    }

    def quantile(share: float, pairs: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Measurement:
        quantiles = [[float(np.quantile(values, share)) for values in pair] for pair in pairs]
        synthetic, control = zip(*quantiles, strict=True)
        return Measurement.repeated(synthetic, float(np.mean(control)))

    copies = [copied_share(split.synthetic, split.train) for split in splits]
    real_copies = [copied_share(split.held_out, split.train) for split in splits]
    measured = {name: Measurement.repeated(values, 0.5) for name, values in series.items()} | {
        "dcr_median": quantile(0.5, ((one.synthetic, one.control) for one in found)),
        "dcr_5_percent": quantile(_CLOSE, ((one.synthetic, one.control) for one in found)),
        "nndr_median": quantile(0.5, ((one.synthetic_ratio, one.control_ratio) for one in found)),
        "exact_copies": Measurement.repeated(copies, float(np.mean(real_copies))),
    }
    if comparison.source is Source.RETRAINED:
        ratio = len(splits[0].held_out) / len(splits[0].train)
        ranges = {name: intervals.of_splits(np.array(values), ratio) for name, values in series.items()}
    else:
        ranges = _of_one(found[0])
    risks = {}
    for name, attack in (("univariate", singling_out.univariate), ("multivariate", singling_out.multivariate)):
        tried = [attack(split.train, split.held_out, split.synthetic, columns, split.seed) for split in splits]
        if known := [risk for risk in tried if risk is not None]:
            risks[name] = known[0]
            metric = f"singling_out_risk_{name}"
            if comparison.source is Source.RETRAINED:
                measured[metric] = Measurement.repeated([risk.value for risk in known], 0.0)
                ranges[metric] = intervals.of_splits(np.array([risk.value for risk in known]), ratio)
            else:
                # Without the interval, any risk but 0 would count as one.
                measured[metric] = Measurement(known[0].value, 0.0, intervals.deviation(known[0].interval))
                ranges[metric] = known[0].interval
    return Findings(
        measured=measured,
        intervals=ranges,
        attack_on_copies=float(np.mean([one.attack_on_copies for one in found])),
        copied=copied_share(comparison.exported, comparison.rows),
        synthetic=np.concatenate([one.synthetic for one in found]),
        control=np.concatenate([one.control for one in found]),
        risks=risks,
    )


def _of_one(found: Distances) -> dict[str, Interval | None]:
    return {
        "membership_attack_auc": found.attack[1],
        "nearer_to_training_share": intervals.of_mean(found.nearer),
        "nndr_share": intervals.of_mean(found.sharper),
    }


def _risk_tables(risks: Mapping[str, Risk]) -> tuple[Table, ...]:
    if not risks:
        return ()
    rows = tuple(
        (
            _KINDS[name],
            risk.guesses,
            round(risk.train, 3),
            round(risk.control, 3),
            round(risk.value, 3),
            intervals.text(risk.interval),
        )
        for name, risk in risks.items()
    )
    heads = ("conditions on", "tried", "training rows", "held-out rows", "risk", "95 % interval")
    return (Table("Singling-out attack", heads, rows, note=_SINGLING_OUT_NOTE),)
