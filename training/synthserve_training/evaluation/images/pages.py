"""Draws the sheets and plots of a report on pictures."""

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from synthserve_training.data.image_grid import grid

_LEAST_WIDTH = 640  # pixels
_GENERATED, _REAL = "#3b6fb6", "#9aa5b1"


def sheet(images: NDArray[np.uint8], columns: int) -> bytes:
    """Puts images [n, height, width, channels] side by side, enlarged where they are small.

    Returns:
        A PNG.
    """
    picture = grid(images, columns)
    factor = max(1, -(-_LEAST_WIDTH // picture.width))
    return _png(picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST))


def pairs(above: NDArray[np.uint8], below: NDArray[np.uint8], columns: int) -> bytes:
    """Puts images [n, height, width, channels] in rows of `columns`, and below each row its counterparts.

    Returns:
        A PNG.
    """
    rows = [part[start : start + columns] for start in range(0, len(above), columns) for part in (above, below)]
    return sheet(np.concatenate(rows), columns)


def class_shares(generated: NDArray[np.float64], real: NDArray[np.float64]) -> bytes:
    """Draws the shares [classes] of generated and of real images.

    Returns:
        A PNG.
    """
    figure = Figure(figsize=(7, 3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    classes = np.arange(len(generated))
    axes.bar(classes - 0.2, real, 0.38, color=_REAL, label="real")
    axes.bar(classes + 0.2, generated, 0.38, color=_GENERATED, label="generated")
    axes.set(xlabel="digit", ylabel="share", xticks=classes)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=120)
    return stream.getvalue()


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format="png", optimize=True)
    return stream.getvalue()
