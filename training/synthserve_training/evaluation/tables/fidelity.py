"""Fidelity: are the columns, their pairs and their ranges as in real data?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from synthserve_training.evaluation.figures import Figure, Section, Table
from synthserve_training.evaluation.tables import similarity
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.splits import Split

_MEASURES = ("shape_score", "ks_complement", "tv_complement", "pair_trend_score", "correlation_difference")
_TEXTS = {
    "shape_score": "Mean over all columns of KS complement (numbers) and TV complement (categories)",
    "ks_complement": "Mean KS complement of the columns of numbers: 1 - the Kolmogorov-Smirnov statistic",
    "tv_complement": "Mean TV complement of the columns of categories: 1 - total variation distance",
    "pair_trend_score": "Mean similarity of all pairs of columns: correlations, or joint distributions of bins",
    "correlation_difference": "Mean absolute difference of the Pearson correlations of the columns of numbers",
}


def evaluate(splits: Sequence[Split], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Section:
    """Measures fidelity.

    Args:
        splits: Real rows in halves.
        exported: Rows from the exported graph.
        rows: All real rows.
        columns: Of the table.
    """
    found: dict[str, list[dict[str, float]]] = {"retrained": [], "graph": [], "real": []}
    shapes: dict[str, list[pd.Series]] = {name: [] for name in found}
    for split in splits:
        for name, other in (("retrained", split.drawn), ("graph", exported), ("real", split.train)):
            found[name].append(measure(split.held_out, other, columns))
            shapes[name].append(pd.Series(similarity.shapes(split.held_out, other, columns)))

    retrained, graph, real = (pd.DataFrame(measures) for measures in found.values())
    drawn = f"{len(splits[0].drawn):,} rows of the recipe trained on half of the real ones, against the other half"

    def figure(metric: str, of: pd.DataFrame, measured: str, text: str) -> Figure:
        return Figure(
            metric=metric,
            value=float(of[measured].mean()),
            reference=float(real[measured].mean()),
            spread=_number(of[measured].std()),
            better="lower" if measured == "correlation_difference" else "higher",
            description=text,
            headline=metric in ("ks_complement", "pair_trend_score"),
        )

    figures = [figure(name, retrained, name, f"{_TEXTS[name]}; {drawn}.") for name in retrained.columns]
    figures.append(
        figure(
            "shape_score_graph",
            graph,
            "shape_score",
            "As shape_score, for the exported graph, which has learnt from both halves: rows that it has seen.",
        )
    )
    return Section(
        title="Fidelity",
        summary=(
            f"Real rows were split in half {len(splits)} times. One half is the measure. Against it stand the recipe "
            "trained on the other half alone, and that other half itself: real data that were held out. Of the "
            "model many rows are drawn, so that its distribution is measured, not the chance of a small draw from it."
        ),
        figures=(*figures, *_validity(exported, rows, columns)),
        tables=(_shape_table(shapes, exported, rows, columns), _range_table(exported, rows, columns)),
    )


def measure(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The fidelity of one table to another, by name of the measure; those that make no sense are left out."""
    shapes = similarity.shapes(real, other, columns)
    trends = similarity.trends(real, other, columns)
    scores = {
        "shape_score": list(shapes.values()),
        "ks_complement": [shapes[name] for name in columns.numbers],
        "tv_complement": [shapes[name] for name in columns.categories],
        "pair_trend_score": list(trends.values()),
    }
    measures = {name: float(np.mean(values)) for name, values in scores.items() if values}
    if len(columns.numbers) > 1:
        measures["correlation_difference"] = similarity.correlation_difference(real, other, columns)
    return {name: measures[name] for name in _MEASURES if name in measures}


def _validity(exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> list[Figure]:
    low, high = rows[columns.numbers].min(), rows[columns.numbers].max()
    inside = ((exported[columns.numbers] >= low) & (exported[columns.numbers] <= high)).all(axis=1)
    known = pd.Series(data=True, index=exported.index)
    for name, categories in columns.categories.items():
        known &= exported[name].isin(categories)

    def at_ends(frame: pd.DataFrame) -> float:
        return float(((frame[columns.numbers] == low) | (frame[columns.numbers] == high)).to_numpy().mean())

    whole = f"of {len(exported):,} rows of the exported graph"
    return [
        Figure(
            metric="valid_share",
            value=float((inside & known & exported.notna().all(axis=1)).mean()),
            reference=1.0,
            spread=None,
            better="higher",
            description=f"Share {whole} whose every number is in the range of the real ones and every category known.",
        ),
        Figure(
            metric="at_range_ends",
            value=at_ends(exported),
            reference=at_ends(rows),
            spread=None,
            better="closer",
            description=f"Share of the numbers {whole} that are the smallest or largest real value of their column.",
        ),
    ]


def _shape_table(
    shapes: dict[str, list[pd.Series]], exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns
) -> Table:
    whole = similarity.shapes(rows, exported, columns)
    means = {name: pd.concat(series, axis=1).mean(axis=1) for name, series in shapes.items()}
    return Table(
        title="Columns",
        columns=("column", "score", "retrained", "exported graph", "held-out real", "exported graph, all rows"),
        rows=tuple(
            (
                name,
                "KS complement" if name in columns.numbers else "TV complement",
                *(round(float(series[name]), 3) for series in means.values()),
                round(score, 3),
            )
            for name, score in whole.items()
        ),
        note=(
            "Two samples of the same distribution differ, too: that is what held-out real rows show. The exported "
            f"graph has learnt from the rows that it is held against: from half of them, in the last column from all "
            f"{len(rows)}, which there are the measure."
        ),
    )


def _range_table(exported: pd.DataFrame, rows: pd.DataFrame, columns: Columns) -> Table:
    def cells(name: str) -> tuple[str, ...]:
        statistics = [(f[name].min(), f[name].mean(), f[name].std(), f[name].max()) for f in (rows, exported)]
        return (name, *(f"{value:.2f}" for pair in zip(*statistics, strict=True) for value in pair))

    heads = [f"{what}, {who}" for what in ("min", "mean", "std", "max") for who in ("real", "synthetic")]
    return Table(title="Ranges", columns=("column", *heads), rows=tuple(cells(name) for name in columns.numbers))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
