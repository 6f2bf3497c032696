"""Likelihood: how many bits does the model need for a real row that it has not seen?"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Section, described
from synthserve_training.evaluation.tables.measures import intervals
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.tables.typed import TypedTable

Score = Callable[[TypedTable], NDArray[np.float64]]
"""The natural logarithm of the probability of each row, float64 [rows], by the package's method `score`."""

METRICS = (
    Metric(
        "held_out_bits_per_row",
        "lower",
        "Mean of -log2 of the probability that the model gives to a held-out real row (95 % interval: {bits}); "
        "reference: the training rows, which a model that has not learnt them by heart finds as likely.",
        headline=True,
    ),
    Metric(
        "likelihood_attack_auc",
        "closer",
        "AUC of an attacker who guesses that the rows that the model finds likeliest were trained on; 0.5: no better "
        "than chance (95 % interval: {attack}).",
    ),
)

_SUMMARY = (
    "The model's own probability of real rows. Of two models of the same table, the one that needs fewer bits for rows "
    "that neither has seen knows the table better. Bits are comparable only among models of the same columns."
)

_NOT_MEASURED = (
    "The model gives {rows:,} real rows no probability, so the bits that it needs for a row are not measured."
)


def evaluate(score: Score, real: RealRows) -> Section | None:
    """Measures likelihood, where there are rows that the model has not seen and all have a probability."""
    if real.held_out is None:
        return None
    train, held_out = (score(rows) / np.log(2.0) for rows in (real.train, real.held_out))
    if impossible := int((~np.isfinite(np.concatenate([train, held_out]))).sum()):
        return Section(title="Likelihood", summary=_NOT_MEASURED.format(rows=impossible))
    area, attack = intervals.auc(train, held_out)
    measured = {
        "held_out_bits_per_row": Measurement(-float(held_out.mean()), -float(train.mean())),
        "likelihood_attack_auc": Measurement(area, 0.5),
    }
    bits = intervals.text(intervals.of_mean(-held_out))
    return Section(
        title="Likelihood",
        summary=_SUMMARY,
        figures=described(METRICS, measured, bits=bits, attack=intervals.text(attack)),
    )
