"""Fidelity: are the columns, their pairs and their ranges as in real data?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from synthserve_training.evaluation.figures import Measurement, Metric, Section, Table, described
from synthserve_training.evaluation.tables import similarity
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split

RETRAINED, GRAPH, REAL = "retrained", "exported graph", "held-out real"

_RETRAINED = "{drawn:,} rows of the recipe trained on half of the real ones, against the other half."

SIMILARITIES = (
    Metric(
        "shape_score",
        "higher",
        f"Mean over all columns of KS complement (numbers) and TV complement (categories); {_RETRAINED}",
    ),
    Metric(
        "ks_complement",
        "higher",
        f"Mean KS complement of the columns of numbers: 1 - the Kolmogorov-Smirnov statistic; {_RETRAINED}",
        headline=True,
    ),
    Metric(
        "tv_complement",
        "higher",
        f"Mean TV complement of the columns of categories: 1 - total variation distance; {_RETRAINED}",
    ),
    Metric(
        "missing_value_similarity",
        "higher",
        "Mean over the columns with missing values: 1 - the difference between the shares of missing values; "
        f"{_RETRAINED}",
    ),
    Metric(
        "pair_trend_score",
        "higher",
        f"Mean similarity of all pairs of columns: correlations, or joint distributions of bins; {_RETRAINED}",
        headline=True,
    ),
    Metric(
        "correlation_difference",
        "lower",
        f"Mean absolute difference of the Pearson correlations of the columns of numbers; {_RETRAINED}",
    ),
)
"""What is measured of the recipe trained on halves."""

GRAPH_METRICS = (
    Metric(
        "shape_score_graph",
        "higher",
        "As shape_score, for the exported graph. It was trained on both halves, so it has seen the rows that it is "
        "compared with.",
    ),
    Metric(
        "valid_share",
        "higher",
        "Share of {exported:,} rows of the exported graph in which every number is in the range of the real ones, "
        "every category is known, and values are missing only where they can be.",
    ),
    Metric(
        "at_range_ends",
        "closer",
        "Share of the numbers of {exported:,} rows of the exported graph that are the smallest or largest real value "
        "of their column.",
    ),
)
"""What is measured of the exported graph."""

_SUMMARY = (
    "Real rows were split in half {splits} times. One half is the measure. Two tables are compared with it: rows of "
    "the recipe trained on the other half, and that other half itself, which is real data. Many rows are drawn from "
    "the model, so that the chance of a small draw does not count against it."
)

_TEXT_LEFT_OUT = " Columns of text are not measured: {columns}."

_COLUMNS_NOTE = (
    "Two samples of the same distribution differ, too: the column of held-out real rows shows by how much. The "
    "exported graph was trained on the rows that it is compared with: on half of them, and in the last column on all "
    "{rows:,}."
)

_RANGES_NOTE = "Standard deviations of dates are in days, those of timestamps in seconds."


@dataclass(frozen=True)
class Comparison:
    """What was measured.

    Attributes:
        measured: By the name of the metric.
        shapes: The similarity of each column, by what was compared with the held-out halves; means over the splits.
        whole: The similarity of each column of the exported graph's rows to all real rows.
    """

    measured: Mapping[str, Measurement]
    shapes: Mapping[str, pd.Series]
    whole: Mapping[str, float]


def evaluate(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Section:
    """Measures fidelity.

    Args:
        splits: Real rows in halves.
        exported: Rows from the exported graph.
        rows: All real rows.
        columns: Of the table.
    """
    found = compare(splits, exported, rows, columns)
    facts = {"drawn": len(splits[0].drawn), "exported": len(exported)}
    left_out = _TEXT_LEFT_OUT.format(columns=", ".join(columns.left_out)) if columns.left_out else ""
    return Section(
        title="Fidelity",
        summary=_SUMMARY.format(splits=len(splits)) + left_out,
        figures=described([*SIMILARITIES, *GRAPH_METRICS], found.measured, **facts),
        tables=(_columns_table(found, rows, columns), _ranges_table(exported, rows, columns)),
    )


def compare(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Comparison:
    """Compares the recipe's rows, the exported graph's rows and real rows with held-out halves; see `evaluate`."""
    similarities: dict[str, list[dict[str, float]]] = {RETRAINED: [], GRAPH: [], REAL: []}
    shapes: dict[str, list[dict[str, float]]] = {name: [] for name in similarities}
    for split in splits:
        for name, other in ((RETRAINED, split.drawn), (GRAPH, exported), (REAL, split.train)):
            similarities[name].append(measure(split.held_out, other, columns))
            shapes[name].append(similarity.shapes(split.held_out, other, columns))
    retrained, graph, real = (pd.DataFrame(values) for values in similarities.values())
    measured = {
        name: Measurement.repeated(list(retrained[name]), float(real[name].mean())) for name in retrained.columns
    }
    measured["shape_score_graph"] = Measurement.repeated(list(graph["shape_score"]), float(real["shape_score"].mean()))
    return Comparison(
        measured=measured | validity(exported, rows, columns),
        shapes={name: pd.DataFrame(values).mean() for name, values in shapes.items()},
        whole=similarity.shapes(rows, exported, columns),
    )


def measure(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The fidelity of one table to another, by the name of the metric; metrics without a column are left out."""
    shapes = similarity.shapes(real, other, columns)
    trends = similarity.trends(real, other, columns)
    scores = {
        "shape_score": list(shapes.values()),
        "ks_complement": [shapes[name] for name in columns.numbers],
        "tv_complement": [shapes[name] for name in columns.categories],
        "missing_value_similarity": [
            similarity.missing_value_similarity(real[name], other[name]) for name in columns.nullable
        ],
        "pair_trend_score": list(trends.values()),
    }
    measures = {name: sum(values) / len(values) for name, values in scores.items() if values}
    if len(columns.numbers) > 1:
        measures["correlation_difference"] = similarity.correlation_difference(real, other, columns)
    return measures


def validity(exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> dict[str, Measurement]:
    """Whether generated values are possible ones, by the name of the metric."""
    numbers = exported[columns.numbers]
    low, high = rows[columns.numbers].min(), rows[columns.numbers].max()
    valid = (((numbers >= low) & (numbers <= high)) | numbers.isna()).all(axis=1)
    for name, categories in columns.categories.items():
        valid &= exported[name].isin(categories) | exported[name].isna()
    required = [name for name in columns.measured if name not in columns.nullable]
    valid &= exported[required].notna().all(axis=1)
    found = {"valid_share": Measurement(float(valid.mean()), 1.0)}
    if columns.numbers:
        found["at_range_ends"] = Measurement(
            _share_at_ends(numbers, low, high), _share_at_ends(rows[columns.numbers], low, high)
        )
    return found


def _share_at_ends(numbers: pd.DataFrame, low: pd.Series, high: pd.Series) -> float:
    at_ends = (numbers == low) | (numbers == high)
    return float(at_ends.to_numpy().sum() / max(1, numbers.notna().to_numpy().sum()))


def _columns_table(found: Comparison, rows: pd.DataFrame, columns: Columns) -> Table:
    return Table(
        title="Columns",
        columns=("column", "score", *found.shapes, "exported graph, all rows"),
        rows=tuple(
            (
                name,
                "KS complement" if name in columns.numbers else "TV complement",
                *(round(float(series[name]), 3) for series in found.shapes.values()),
                round(score, 3),
            )
            for name, score in found.whole.items()
        ),
        note=_COLUMNS_NOTE.format(rows=len(rows)),
    )


def _ranges_table(exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Table:
    def cells(name: str) -> list[str]:
        real, synthetic = rows[name], exported[name]
        return [
            *(columns.text(name, values.min()) for values in (real, synthetic)),
            *(columns.text(name, values.mean()) for values in (real, synthetic)),
            *(f"{values.std():.2f}" for values in (real, synthetic)),
            *(columns.text(name, values.max()) for values in (real, synthetic)),
        ]

    heads = [f"{what}, {whose}" for what in ("min", "mean", "std", "max") for whose in ("real", "synthetic")]
    return Table(
        title="Ranges",
        columns=("column", *heads),
        rows=tuple((name, *cells(name)) for name in columns.numbers),
        note=_RANGES_NOTE if columns.dated else "",
    )
