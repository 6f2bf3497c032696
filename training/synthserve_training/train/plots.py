"""The curves of a training run."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from synthserve_training import whole_files

_COLOURS = ("#3b6fb6", "#c8553d", "#2f8f6b", "#8e6bbf", "#b58a2e", "#5b6570")
_COLUMNS = 3
_NOT_CURVES = ("epoch", "seconds")


def write(path: Path, log: Sequence[Mapping[str, str]]) -> None:
    """Draws each loss, and each weight of the schedule, over the epochs.

    Args:
        path: The PNG to write.
        log: The rows of `losses.csv`; a cell can be missing.
    """
    names = [name for name in dict.fromkeys(key for row in log for key in row) if name not in _NOT_CURVES]
    if not names:
        return
    columns = min(_COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(4.2 * columns, 2.6 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
    for index, axes in enumerate(grid.flat):
        axes.set_visible(index < len(names))
        if index >= len(names):
            continue
        points = [(int(row["epoch"]), float(row[names[index]])) for row in log if row.get(names[index])]
        axes.plot(*zip(*points, strict=True), color=_COLOURS[index % len(_COLOURS)], linewidth=1.2)
        axes.set_title(names[index].replace("_", " "), loc="left", fontsize=10)
        axes.tick_params(labelsize=8)
        axes.grid(color="#e5e8eb", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    for column in range(columns):
        lowest = (len(names) - 1 - column) // columns
        grid[lowest][column].set_xlabel("epoch", fontsize=9)
        grid[lowest][column].tick_params(labelbottom=True)
    with whole_files.replacing(path) as stream:
        figure.savefig(stream, format="png", dpi=110)
