"""The pictures of a table's report, as PNG."""

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from synthserve_training.evaluation.tables.columns import Columns

# Distinguishable with colour-vision deficiencies, too.
_COLOURS = {
    "real": "#1f5fa8",
    "synthetic": "#e07b1a",
    "real + synthetic": "#4b9b6e",
    "Gaussian per class": "#8a8a8a",
}
_ACROSS = 3
_MOST_BARS = 30
"""The most categories of a plot: of more, the most frequent real ones are shown."""
_DOTS_PER_INCH = 130
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#b8b8b8",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.size": 9.5,
    "grid.color": "#ececec",
    "legend.frameon": False,
}


def columns(real: pd.DataFrame, synthetic: pd.DataFrame, described: Columns) -> bytes:
    """The distribution of each column: estimated densities of numbers, shares of categories."""
    with _style():
        figure, axes = _grid(len(described.measured))
        for axis, name in zip(axes, described.measured, strict=True):
            if name in described.categories:
                _shares(axis, real[name], synthetic[name], described.categories[name])
            else:
                _densities(axis, real[name], synthetic[name])
            axis.set_title(name)
            axis.set_xlabel(described.units[name])
        axes[0].legend()
        return _png(figure)


def correlations(real: pd.DataFrame, synthetic: pd.DataFrame, numbers: Sequence[str]) -> bytes:
    """Pearson correlations: real, synthetic, and their difference."""
    first, second = (frame[list(numbers)].astype(float).corr().fillna(0.0) for frame in (real, synthetic))
    with _style():
        figure = Figure(figsize=(12.5, 4.2), layout="constrained")
        axes = figure.subplots(1, 3, sharey=True)
        for axis in axes:
            axis.grid(visible=False)
        for axis, (title, values) in zip(
            axes, (("real", first), ("synthetic", second), ("synthetic - real", second - first)), strict=True
        ):
            sns.heatmap(
                values.round(2) + 0.0,  # else some zeros have a minus
                ax=axis,
                vmin=-1,
                vmax=1,
                cmap="RdBu_r",
                annot=True,
                fmt=".2f",
                square=True,
                cbar=False,
                linewidths=1,
            )
            axis.set_title(title)
            axis.tick_params(axis="x", rotation=35)
            axis.tick_params(axis="y", rotation=0)
            for label in axis.get_xticklabels():
                label.set_horizontalalignment("right")
        return _png(figure)


def precision_recall(
    results: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.float64]]], classes: Sequence[str]
) -> bytes:
    """Precision against recall of each class.

    Args:
        results: By the source of the training rows: which class each row is, and the odds of each class; both
            [rows, classes].
        classes: Their names.
    """
    with _style():
        figure, axes = _grid(len(classes))
        for index, (axis, name) in enumerate(zip(axes, classes, strict=True)):
            for source, (truth, odds) in results.items():
                if truth[:, index].any():
                    precision, recall, _ = precision_recall_curve(truth[:, index], odds[:, index])
                    width = 2.2 if source == "synthetic" else 1.5
                    axis.plot(recall, precision, color=_COLOURS[source], label=source, linewidth=width)
            axis.set(title=name, xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        axes[0].legend(loc="lower left")
        return _png(figure)


def distances(synthetic: NDArray[np.float64], control: NDArray[np.float64]) -> bytes:
    """Distances to the closest training row, float64 [rows] each."""
    with _style():
        figure = Figure(figsize=(7.5, 3.6), layout="constrained")
        axis = figure.subplots()
        top = float(np.quantile(np.concatenate([synthetic, control]), 0.995))
        bins = np.linspace(0, top or 1.0, 41).tolist()
        for values, label, colour in (
            (control, "held-out real rows", _COLOURS["real"]),
            (synthetic, "synthetic rows", _COLOURS["synthetic"]),
        ):
            weights = np.full(len(values), 1 / len(values))
            axis.hist(values, bins, weights=weights, alpha=0.3, color=colour)
            axis.hist(values, bins, weights=weights, histtype="step", linewidth=1.6, color=colour, label=label)
        axis.set(xlabel="distance to the closest training row (standard deviations)", ylabel="share of rows")
        axis.legend()
        return _png(figure)


def losses(runs: Sequence[pd.DataFrame]) -> bytes:
    """Losses and schedule by epoch: the median of the runs, and the range of the middle 90 %."""
    names = [name for name in runs[0].columns if name not in ("epoch", "seconds")]
    with _style():
        figure, axes = _grid(len(names))
        for axis, name in zip(axes, names, strict=True):
            values = np.stack([run[name].to_numpy(np.float64) for run in runs])
            epochs = runs[0]["epoch"].to_numpy()
            low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
            axis.fill_between(epochs, low, high, color=_COLOURS["real"], alpha=0.18, linewidth=0)
            axis.plot(epochs, middle, color=_COLOURS["real"], linewidth=1.6)
            axis.set(title=name, xlabel="epoch")
        return _png(figure)


def _densities(axis: Axes, real: pd.Series, synthetic: pd.Series) -> None:
    for values, label in ((real, "real"), (synthetic, "synthetic")):
        sns.kdeplot(
            x=values.dropna().to_numpy(np.float64),
            # One bandwidth for both, which fits the real rows: with its own, the larger table would be smoothed less.
            bw_method=max(1, int(real.count())) ** -0.2,
            ax=axis,
            fill=True,
            alpha=0.22,
            linewidth=1.8,
            color=_COLOURS[label],
            label=label,
            warn_singular=False,
        )
    axis.set_ylabel("density")


def _shares(axis: Axes, real: pd.Series, synthetic: pd.Series, categories: Sequence[str]) -> None:
    shown = list(categories)
    if len(shown) > _MOST_BARS:
        shown = list(real.value_counts().index[:_MOST_BARS])
    missing = real.isna().any() or synthetic.isna().any()
    names = [*shown, "(missing)"] if missing else shown
    places = np.arange(len(names))
    for shift, (values, label) in zip((-0.2, 0.2), ((real, "real"), (synthetic, "synthetic")), strict=True):
        counts = values.value_counts().reindex(shown, fill_value=0).to_numpy(np.float64)
        heights = np.append(counts, values.isna().sum()) if missing else counts
        axis.bar(places + shift, heights / len(values), 0.38, color=_COLOURS[label], alpha=0.75, label=label)
    axis.set_xticks(places, [name.replace(" ", "\n", 1) for name in names])
    axis.set_ylabel("share")


def _grid(count: int) -> tuple[Figure, list[Axes]]:
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = Figure(figsize=(4.2 * across, 3.1 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.remove()
    return figure, list(axes[:count])


def _style() -> AbstractContextManager[None]:
    style: AbstractContextManager[None] = mpl.rc_context(_STYLE)
    return style


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    # No software version in the file: the same numbers give the same bytes.
    figure.savefig(target, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return target.getvalue()
