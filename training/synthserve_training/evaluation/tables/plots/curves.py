"""Curves: precision against recall, distances, losses."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from synthserve_training.evaluation.tables.plots.style import COLOURS, grid, png, style


def precision_recall(
    results: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.float64]]], classes: Sequence[str]
) -> bytes:
    """Precision against recall of each class.

    Args:
        results: By the source of the training rows: which class each row is, and the odds of each class; both
            [rows, classes].
        classes: Their names.
    """
    with style():
        figure, axes = grid(len(classes))
        for index, (axis, name) in enumerate(zip(axes, classes, strict=True)):
            for source, (truth, odds) in results.items():
                if truth[:, index].any():
                    precision, recall, _ = precision_recall_curve(truth[:, index], odds[:, index])
                    width = 2.2 if source == "synthetic" else 1.5
                    axis.plot(recall, precision, color=COLOURS[source], label=source, linewidth=width)
            axis.set(title=name, xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.02))
        axes[0].legend(loc="lower left")
        return png(figure)


def distances(synthetic: NDArray[np.float64], control: NDArray[np.float64]) -> bytes:
    """Distances to the closest training row, float64 [rows] each."""
    with style():
        figure = Figure(figsize=(7.5, 3.6), layout="constrained")
        axis = figure.subplots()
        top = float(np.quantile(np.concatenate([synthetic, control]), 0.995))
        bins = np.linspace(0, top or 1.0, 41).tolist()
        for values, label, colour in (
            (control, "held-out real rows", COLOURS["real"]),
            (synthetic, "synthetic rows", COLOURS["synthetic"]),
        ):
            weights = np.full(len(values), 1 / len(values))
            axis.hist(values, bins, weights=weights, alpha=0.3, color=colour)
            axis.hist(values, bins, weights=weights, histtype="step", linewidth=1.6, color=colour, label=label)
        axis.set(xlabel="distance to the closest training row (standard deviations)", ylabel="share of rows")
        axis.legend()
        return png(figure)


def losses(runs: Sequence[pd.DataFrame]) -> bytes:
    """Losses and schedule by epoch: the median of the runs, and the range of the middle 90 %."""
    names = [name for name in runs[0].columns if name not in ("epoch", "seconds")]
    with style():
        figure, axes = grid(len(names))
        for axis, name in zip(axes, names, strict=True):
            values = np.stack([run[name].to_numpy(np.float64) for run in runs])
            epochs = runs[0]["epoch"].to_numpy()
            low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
            axis.fill_between(epochs, low, high, color=COLOURS["real"], alpha=0.18, linewidth=0)
            axis.plot(epochs, middle, color=COLOURS["real"], linewidth=1.6)
            axis.set(title=name, xlabel="epoch")
        return png(figure)
