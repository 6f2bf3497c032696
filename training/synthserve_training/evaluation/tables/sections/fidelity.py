"""Fidelity: are the columns, their pairs and their ranges as in real data?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures import similarity, spikes
from synthserve_training.evaluation.tables.measures.similarity import Pair
from synthserve_training.evaluation.tables.plots import pairs
from synthserve_training.evaluation.tables.splits import Comparison, Source, Split

_AS_TRAINED = "as many rows of {model} as it was trained on, against these; reference: {unseen} against the same."
_UNSEEN = "{drawn:,} rows of {model}, against {unseen}."

METRICS = (
    Metric(
        "shape_error",
        "lower",
        "Shape error of the papers, in per cent: 100 times the mean over all columns of 1 - KS complement (numbers) or "
        f"1 - TV complement (categories), by SDMetrics' definitions; {_AS_TRAINED}",
        headline=True,
    ),
    Metric(
        "trend_error",
        "lower",
        "Trend error of the papers, in per cent: 100 times the mean over all pairs of columns of 1 - correlation "
        f"similarity, or 1 - contingency similarity of ten bins, by SDMetrics' definitions; {_AS_TRAINED}",
        headline=True,
    ),
    Metric(
        "shape_score",
        "higher",
        f"Mean over all columns of KS complement (numbers) and TV complement (categories); {_UNSEEN}",
    ),
    Metric(
        "ks_complement",
        "higher",
        f"Mean KS complement of the columns of numbers: 1 - the Kolmogorov-Smirnov statistic; {_UNSEEN}",
        headline=True,
    ),
    Metric(
        "tv_complement",
        "higher",
        f"Mean TV complement of the columns of categories: 1 - total variation distance; {_UNSEEN}",
    ),
    Metric(
        "missing_value_similarity",
        "higher",
        "Mean over the columns with missing values: 1 - the difference between the shares of missing values; "
        f"{_UNSEEN}",
    ),
    Metric(
        "pair_trend_score",
        "higher",
        f"Mean similarity of all pairs of columns: correlations, or joint distributions of bins; {_UNSEEN}",
        headline=True,
    ),
    Metric(
        "correlation_difference",
        "lower",
        f"Mean absolute difference of the Pearson correlations of the columns of numbers; {_UNSEEN}",
    ),
    Metric(
        "missing_pattern_distance",
        "lower",
        f"Total variation distance between the joint distributions of which cells of a row are missing; {_AS_TRAINED}",
    ),
    Metric(
        "spike_hit_rate",
        "higher",
        "Share of the generated numbers that equal a value of a training row, without the most frequent one; mean over "
        "the columns of numbers in which values repeat with gaps between them; reference: {unseen}.",
        headline=True,
    ),
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

_SUMMARIES = {
    Source.GRAPH: (
        "Rows of the exported graph are compared with the rows that it was trained on and with real rows that were "
        "kept from its training. Two samples of the same distribution differ, too: the reference is how held-out and "
        "training rows differ."
    ),
    Source.GRAPH_SEEN_ALL: (
        "The model was trained on all real rows, so no row is left that it has not seen. Rows of the exported graph "
        "are compared with a random half of the real rows, and so is the other half, which is the reference. For "
        "figures of rows that a model has not seen, train it anew: `synthserve-train evaluate --retrain 20`."
    ),
    Source.RETRAINED: (
        "The real rows are split in half {splits} times. One half is the measure. Two tables are compared with it: "
        "rows of the recipe trained on the other half, and that other half itself, which is real data. Many rows are "
        "drawn from the model, so that the chance of a small draw does not count against it."
    ),
}

_TEXT_LEFT_OUT = " Columns of text are not measured: {columns}."
_RULES_LEFT_OUT = " Columns that rules make are not measured: {columns}."

_COLUMNS_NOTE = (
    "Worst first, by the last column, which compares rows of the exported graph with all {rows:,} rows that it was "
    "trained on. The others compare with held-out rows: those of {model}, and real rows."
)
_RANGES_NOTE = (
    "The ends are quantiles that at least ten real rows are beyond, where there are so many, as a smallest or largest "
    "value can be one person's. Standard deviations of dates are in days, those of timestamps in seconds."
)
_MOST_PAIRS = 200
_BEYOND = 10


@dataclass(frozen=True)
class Findings:
    """What was measured.

    Attributes:
        measured: By the name of the metric.
        shapes: The similarity of each column to the held-out rows, by what was compared; means over the splits.
        whole: The similarity of each column of the exported graph's rows to the rows that it was trained on.
        trends: That of each pair.
        hits: The spike hit rate of each column that has spikes: generated and held-out rows.
    """

    measured: Mapping[str, Measurement]
    shapes: Mapping[str, pd.Series]
    whole: Mapping[str, float]
    trends: Mapping[Pair, float]
    hits: Mapping[str, tuple[float, float]]


def evaluate(comparison: Comparison) -> Section:
    """Measures fidelity."""
    columns = comparison.columns
    found = measure(comparison)
    summary = _SUMMARIES[comparison.source].format_map(comparison.facts)
    if columns.texts:
        summary += _TEXT_LEFT_OUT.format(columns=", ".join(columns.texts))
    if columns.made_up:
        summary += _RULES_LEFT_OUT.format(columns=", ".join(sorted(columns.made_up)))
    tables = [_columns_table(found, comparison), _ranges_table(comparison)]
    plots = []
    if found.trends:
        tables.append(_pairs_table(found.trends))
        errors = {pair: 100.0 * (1.0 - score) for pair, score in found.trends.items()}
        caption = "Trend error of each pair of columns, in per cent: the exported graph against its training rows."
        plots.append(Plot("pairs", caption, pairs.error_map(errors, columns.measured)))
    if len(columns.numbers) > 1:
        maps = pairs.correlation_maps(comparison.rows, comparison.exported, columns.numbers)
        plots.append(Plot("correlations", "Pearson correlations.", maps))
    if found.hits:
        tables.append(_hits_table(found.hits))
    return Section(
        title="Fidelity",
        summary=summary,
        figures=described(METRICS, found.measured, **comparison.facts),
        plots=tuple(plots),
        tables=tuple(tables),
    )


def measure(comparison: Comparison) -> Findings:
    """Computes all that the section reports."""
    columns, splits = comparison.columns, comparison.splits
    exported, rows = comparison.exported, comparison.rows
    model = [similarities(split.held_out, split.drawn, columns) for split in splits]
    real = [similarities(split.held_out, split.train, columns) for split in splits]
    measured = _repeated(model, real)
    measured |= _repeated(
        [errors(split.train, split.synthetic, columns) for split in splits],
        [errors(split.train, split.held_out, columns) for split in splits],
    )
    measured |= validity(exported, rows, columns)
    hits = _hits(splits, columns)
    if hits:
        measured["spike_hit_rate"] = Measurement(*np.mean(list(hits.values()), axis=0).tolist())
    shapes = {
        comparison.source.model: _mean_shapes([(split.held_out, split.drawn) for split in splits], columns),
        "real rows": _mean_shapes([(split.held_out, split.train) for split in splits], columns),
    }
    if comparison.source is Source.RETRAINED:
        graph = [similarity.shapes(split.held_out, exported, columns) for split in splits]
        scores = [float(np.mean(list(one.values()))) for one in graph]
        measured["shape_score_graph"] = Measurement.repeated(scores, measured["shape_score"].reference)
        shapes["exported graph"] = pd.DataFrame(graph).mean()
    return Findings(
        measured=measured,
        shapes=shapes,
        whole=similarity.shapes(rows, exported, columns),
        trends=similarity.trends(rows, exported, columns),
        hits=hits,
    )


def similarities(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The similarity of one table to another, by the name of the metric; metrics without a column are left out."""
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


def errors(real: pd.DataFrame, other: pd.DataFrame, columns: Columns) -> dict[str, float]:
    """The papers' errors of one table as a sample of another, by the name of the metric."""
    found = {"shape_error": similarity.error(similarity.shapes(real, other, columns))}
    if len(columns.measured) > 1:
        found["trend_error"] = similarity.error(similarity.trends(real, other, columns))
    if columns.nullable:
        found["missing_pattern_distance"] = similarity.missing_patterns(real, other, columns)
    return found


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


def _repeated(model: Sequence[Mapping[str, float]], real: Sequence[Mapping[str, float]]) -> dict[str, Measurement]:
    return {
        name: Measurement.repeated([one[name] for one in model], float(np.mean([one[name] for one in real])))
        for name in model[0]
    }


def _mean_shapes(tables: Sequence[tuple[pd.DataFrame, pd.DataFrame]], columns: Columns) -> pd.Series:
    return pd.DataFrame([similarity.shapes(real, other, columns) for real, other in tables]).mean()


def _hits(splits: Sequence[Split], columns: Columns) -> dict[str, tuple[float, float]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for split in splits:
        for name in spikes.spiky(split.train, columns):
            rates = [spikes.hit_rate(split.train[name], other[name]) for other in (split.drawn, split.held_out)]
            if rates[1] is not None:
                # A model that draws the most frequent value alone has none of the spikes.
                found.setdefault(name, []).append((rates[0] or 0.0, rates[1]))
    return {
        name: (float(np.mean([a for a, _ in pair])), float(np.mean([b for _, b in pair])))
        for name, pair in found.items()
    }


def _share_at_ends(numbers: pd.DataFrame, low: pd.Series, high: pd.Series) -> float:
    at_ends = (numbers == low) | (numbers == high)
    return float(at_ends.to_numpy().sum() / max(1, numbers.notna().to_numpy().sum()))


def _columns_table(found: Findings, comparison: Comparison) -> Table:
    rows, exported, columns = comparison.rows, comparison.exported, comparison.columns
    order = sorted(found.whole, key=lambda name: found.whole[name])
    return Table(
        title="Columns",
        columns=("column", "score", "missing, real", "missing, synthetic", *found.shapes, "exported graph, all rows"),
        rows=tuple(
            (
                name,
                "KS complement" if name in columns.numbers else "TV complement",
                round(float(rows[name].isna().mean()), 4),
                round(float(exported[name].isna().mean()), 4),
                *(round(float(series[name]), 4) for series in found.shapes.values()),
                round(found.whole[name], 4),
            )
            for name in order
        ),
        note=_COLUMNS_NOTE.format(rows=len(rows), model=comparison.source.model),
    )


def _pairs_table(trends: Mapping[Pair, float]) -> Table:
    order = sorted(trends, key=lambda pair: trends[pair])[:_MOST_PAIRS]
    return Table(
        title="Pairs",
        columns=("column", "and", "trend error, %"),
        rows=tuple((one, two, round(100.0 * (1.0 - trends[one, two]), 2)) for one, two in order),
        note="Worst first: the exported graph against all rows that it was trained on."
        + (f" The first {_MOST_PAIRS} of {len(trends):,} pairs." if len(trends) > _MOST_PAIRS else ""),
    )


def _hits_table(hits: Mapping[str, tuple[float, float]]) -> Table:
    order = sorted(hits, key=lambda name: hits[name][0] - hits[name][1])
    return Table(
        title="Spikes",
        columns=("column", "synthetic", "held-out real"),
        rows=tuple((name, *(round(rate, 4) for rate in hits[name])) for name in order),
        note="Share of the values, without the most frequent one, that equal a value of a training row.",
    )


def _ranges_table(comparison: Comparison) -> Table:
    columns = comparison.columns

    def cells(name: str) -> list[str]:
        real, synthetic = comparison.rows[name].dropna(), comparison.exported[name].dropna()
        beyond = min(0.25, max(0.01, (_BEYOND - 0.5) / max(1, len(real) - 1)))
        ends = [[float(values.quantile(share)) for values in (real, synthetic)] for share in (beyond, 1.0 - beyond)]
        return [
            *(columns.text(name, value) for value in ends[0]),
            *(columns.text(name, float(values.mean())) for values in (real, synthetic)),
            *(f"{values.std():.2f}" for values in (real, synthetic)),
            *(columns.text(name, value) for value in ends[1]),
        ]

    heads = [f"{what}, {whose}" for what in ("low", "mean", "std", "high") for whose in ("real", "synthetic")]
    return Table(
        title="Ranges",
        columns=("column", *heads),
        rows=tuple((name, *cells(name)) for name in columns.numbers),
        note=_RANGES_NOTE,
    )
