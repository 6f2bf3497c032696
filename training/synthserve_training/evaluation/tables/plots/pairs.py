"""Pairs of columns as heat maps."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from synthserve_training.evaluation.tables.measures.similarity import Pair, correlations
from synthserve_training.evaluation.tables.plots.style import png, style

_MOST_COLUMNS = 40
_MOST_WITH_NUMBERS = 12
_LARGEST_ERROR = 10.0
"""Per cent, at which colours end."""


def correlation_maps(real: pd.DataFrame, synthetic: pd.DataFrame, numbers: Sequence[str]) -> bytes:
    """Pearson correlations: real, synthetic, and their difference. Of more than 40 columns those that differ most."""
    tables = [correlations(frame, list(numbers)) for frame in (real, synthetic)]
    shown = _worst(np.abs(tables[1] - tables[0]))
    labels = [numbers[index] for index in shown]
    first, second = (pd.DataFrame(table[np.ix_(shown, shown)], labels, labels) for table in tables)
    annotated = len(shown) <= _MOST_WITH_NUMBERS
    size = max(4.2, 0.24 * len(shown))
    with style():
        figure = Figure(figsize=(3 * size, size), layout="compressed")
        axes = figure.subplots(1, 3, sharey=True)
        for axis, (title, values) in zip(
            axes, (("real", first), ("synthetic", second), ("synthetic - real", second - first)), strict=True
        ):
            axis.grid(visible=False)
            sns.heatmap(
                values.round(2) + 0.0,  # else some zeros have a minus
                ax=axis,
                vmin=-1,
                vmax=1,
                cmap="RdBu_r",
                annot=annotated,
                fmt=".2f",
                square=True,
                cbar=False,
                linewidths=1 if annotated else 0,
            )
            axis.set_title(title)
            axis.tick_params(axis="x", rotation=35 if annotated else 90)
            axis.tick_params(axis="y", rotation=0)
            if annotated:
                for label in axis.get_xticklabels():
                    label.set_horizontalalignment("right")
        return png(figure)


def error_map(errors: Mapping[Pair, float], names: Sequence[str]) -> bytes:
    """The trend error of each pair, in per cent. Of more than 40 columns those that are worst."""
    places = {name: place for place, name in enumerate(names)}
    table = np.full((len(names), len(names)), np.nan)
    for (one, two), value in errors.items():
        table[places[one], places[two]] = table[places[two], places[one]] = value
    shown = _worst(table)
    labels = [names[index] for index in shown]
    values = pd.DataFrame(table[np.ix_(shown, shown)], labels, labels)
    size = max(4.5, 0.28 * len(shown) + 1.8)
    with style():
        figure = Figure(figsize=(size + 1.0, size), layout="constrained")
        axis = figure.subplots()
        axis.grid(visible=False)
        sns.heatmap(
            values,
            ax=axis,
            vmin=0,
            vmax=_LARGEST_ERROR,
            cmap="YlOrRd",
            annot=len(shown) <= _MOST_WITH_NUMBERS,
            fmt=".1f",
            square=True,
            cbar_kws={"label": "trend error, %", "extend": "max", "shrink": 0.8},
        )
        axis.tick_params(axis="x", rotation=90)
        axis.tick_params(axis="y", rotation=0)
        return png(figure)


def _worst(table: NDArray[np.float64]) -> NDArray[np.int64]:
    """The columns with the largest means, in their order."""
    known = np.where(np.isnan(table), 0.0, table)
    order = np.argsort(-known.sum(axis=1), kind="stable")[:_MOST_COLUMNS]
    return np.sort(order)
