"""Conditions: are rows that fulfil random conditions as the real rows that do?"""

from collections.abc import Sequence

import numpy as np

from synthserve_training.evaluation.figures import Measurement, Metric, Section, Table, described
from synthserve_training.evaluation.tables.measures.evidence import Answer

METRICS = (
    Metric(
        "conditional_shape_error",
        "lower",
        "Mean shape error, in per cent, of the columns that were not asked for, over {count} random conditions on one "
        "to three columns: as many generated rows as training rows fulfil them, against the held-out rows that do; "
        "reference: those training rows against the same held-out rows.",
        headline=True,
    ),
    Metric(
        "conditional_shape_error_late",
        "lower",
        "The same, of the {late} conditions on columns of the second half of the table alone.",
    ),
    Metric("condition_fulfilment", "higher", "Share of the rows drawn under these conditions that fulfil them."),
)

_SUMMARY = (
    "Conditions on one to three columns are made from held-out rows: values, sets and ranges. The model draws rows "
    "that fulfil them, and their other columns are compared with those of the real rows that do. Small tables differ "
    "much, so each figure is beside that of real rows."
)


def evaluate(answers: Sequence[Answer]) -> Section | None:
    """Describes the answers; None: there are none, as the model takes no condition that enough real rows fulfil."""
    if not answers:
        return None
    late = [one for one in answers if one.evidence.late]
    measured = {
        "conditional_shape_error": _mean(answers),
        "condition_fulfilment": Measurement(float(np.mean([one.fulfilled for one in answers])), 1.0),
    }
    if late:
        measured["conditional_shape_error_late"] = _mean(late)
    order = sorted(answers, key=lambda one: one.reference - one.error)
    return Section(
        title="Conditions",
        summary=_SUMMARY,
        figures=described(METRICS, measured, count=len(answers), late=len(late)),
        tables=(
            Table(
                title="Conditions, the worst first",
                columns=("condition", "held-out rows", "shape error, %", "real rows, %", "fulfilled"),
                rows=tuple(
                    (
                        one.evidence.text,
                        int(one.evidence.held_out.sum()),
                        round(one.error, 2),
                        round(one.reference, 2),
                        round(one.fulfilled, 4),
                    )
                    for one in order
                ),
                note="By how much further generated rows are from held-out rows than real rows are.",
            ),
        ),
    )


def _mean(answers: Sequence[Answer]) -> Measurement:
    return Measurement(
        float(np.mean([one.error for one in answers])), float(np.mean([one.reference for one in answers]))
    )
