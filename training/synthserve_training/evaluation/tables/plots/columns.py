"""The distribution of a column, real and generated: numbers, dates, categories and missing values.

A picture tells nothing of single rows: numbers are shown between the tenth smallest and the tenth largest real one, and
categories that fewer than ten real rows have are one bar together.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.plots import moments
from synthserve_training.evaluation.tables.plots.style import COLOURS, png, style

_BINS = 40
_MOST_BARS = 20
_LEAST_ROWS = 10
_DAY = 86_400.0
"""Seconds."""
_LONGEST = 24
"""Of the text below a bar."""


def distribution(real: pd.Series, synthetic: pd.Series, columns: Columns) -> bytes:
    """Shares of the values of one column, and of missing ones where there are any.

    Args:
        real: Values of the real rows.
        synthetic: Values of the generated rows, of the same name.
        columns: Of the table.
    """
    name = str(real.name)
    with style():
        figure = Figure(figsize=(5.6, 3.0), layout="constrained")
        missing = bool(real.isna().any() or synthetic.isna().any())
        axes = figure.subplots(1, 2 if missing else 1, width_ratios=[6, 1] if missing else None, squeeze=False)[0]
        if name in columns.categories:
            _bars(axes[0], *_shares(real, synthetic))
        else:
            _steps(axes[0], real, synthetic, name, columns)
            axes[0].set_xlabel("" if name in columns.dated else columns.units[name])
        axes[0].set_ylabel("share")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        if missing:
            shares = [np.array([values.isna().mean()]) for values in (real, synthetic)]
            _bars(axes[1], ["missing"], *shares)
        figure.suptitle(name.replace("$", r"\$"), fontsize=11, fontweight="bold")
        return png(figure)


def _shares(real: pd.Series, synthetic: pd.Series) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    counts = real.value_counts()
    shown = list(counts[counts >= _LEAST_ROWS].index[:_MOST_BARS])
    found = []
    for values in (real, synthetic):
        shares = values.value_counts(normalize=True)
        known = shares.reindex(shown, fill_value=0.0).to_numpy(np.float64)
        found.append(np.append(known, max(0.0, float(shares.sum()) - known.sum())))
    if max(found[0][-1], found[1][-1]) < 1e-12:
        return shown, found[0][:-1], found[1][:-1]
    return [*shown, "(others)"], found[0], found[1]


def _bars(axis: Axes, names: Sequence[str], real: NDArray[np.float64], synthetic: NDArray[np.float64]) -> None:
    places = np.arange(len(names))
    for shift, values, label in ((-0.2, real, "real"), (0.2, synthetic, "synthetic")):
        axis.bar(places + shift, values, 0.38, color=COLOURS[label], alpha=0.8, label=label)
    texts = [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in names]
    turned = sum(map(len, texts)) > 40
    axis.set_xticks(
        places,
        [text.replace("$", r"\$") for text in texts],
        rotation=45 if turned else 0,
        ha="right" if turned else "center",
    )


def _steps(axis: Axes, real: pd.Series, synthetic: pd.Series, name: str, columns: Columns) -> None:
    values = np.sort(real.dropna().to_numpy(np.float64))
    if not len(values):
        return
    beyond = min(_LEAST_ROWS, (len(values) - 1) // 4)
    low, high = values[beyond], values[len(values) - 1 - beyond]
    edges = _edges(values, float(low), float(high))
    is_dated = name in columns.dated
    is_date = is_dated and columns.units[name].startswith("days")
    places = edges / _DAY if is_dated and not is_date else edges
    for other, label in ((real, "real"), (synthetic, "synthetic")):
        shown = other.dropna().to_numpy(np.float64).clip(edges[0], edges[-1])
        shares = np.histogram(shown, edges)[0] / max(1, len(shown))
        axis.stairs(shares, places, color=COLOURS[label], fill=True, alpha=0.18)
        axis.stairs(shares, places, color=COLOURS[label], linewidth=1.5, label=label)
    if is_dated:
        axis.set_xticks(*moments.ticks(float(places[0]), float(places[-1]), whole_days=is_date))


def _edges(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    if high <= low:
        return np.array([low - 0.5, low + 0.5])
    known = np.unique(values[(values >= low) & (values <= high)])
    step = np.diff(known).min() if len(known) > 1 else high - low
    # On a lattice all bins hold as many of its points, else some would be twice as high as others.
    if (high - low) / step <= 10_000 and np.allclose((known - low) / step, np.round((known - low) / step), atol=1e-6):
        points = max(1, int(np.ceil((round((high - low) / step) + 1) / _BINS)))
        bins = int(np.ceil((round((high - low) / step) + 1) / points))
        return np.asarray(low - step / 2 + step * points * np.arange(bins + 1), np.float64)
    return np.linspace(low, high, _BINS + 1)
