"""What all pictures have in common: colours, fonts, and the way to PNG."""

import io
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Distinguishable with colour-vision deficiencies, too.
COLOURS = {
    "real": "#1f5fa8",
    "synthetic": "#e07b1a",
    "real + synthetic": "#4b9b6e",
    "Gaussian per class": "#8a8a8a",
}
_ACROSS = 3
_DOTS_PER_INCH = 130
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
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


def grid(count: int) -> tuple[Figure, list[Axes]]:
    """Axes side by side, three in a row."""
    across = min(count, _ACROSS)
    down = -(-count // across)
    figure = Figure(figsize=(4.2 * across, 3.1 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.remove()
    return figure, list(axes[:count])


def style() -> AbstractContextManager[None]:
    """The style of a picture, which holds until it is written."""
    found: AbstractContextManager[None] = mpl.rc_context(_STYLE)
    return found


def png(figure: Figure) -> bytes:
    """The picture as a file."""
    target = io.BytesIO()
    # No software version in the file: the same numbers give the same bytes.
    figure.savefig(target, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return target.getvalue()
