"""Bends what a model draws of each number to the distribution that the number has in the training data.

A Gaussian around a reconstruction is symmetric; many real columns are not, least of all within a class. Straight
lines between a few quantiles of the draws and the same quantiles of the data mend that, number by number and class by
class where the sampler knows classes. Which rows go together stays as the model draws it: the lines rise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers._classes import class_codes

# Few, and none near the ends: a quantile of a small class is not to be about one row.
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_MIN_STEP = 1e-4

Draw = Callable[[int | None], NDArray[np.float32]]


@dataclass(frozen=True)
class Calibration:
    """Maps the numeric parts of encoded samples; one-hot parts stay as they are.

    Attributes:
        starts: float32 [classes, width, segments]: where each segment begins in what is drawn.
        slopes: float32 [classes, width, segments]: how steep it is.
        lengths: float32 [classes, width, segments]: how long it is; the first and the last are endless.
        anchors: float32 [classes, width]: where the first segment ends in the data.
        numeric: bool [width].
        column: The column whose class decides; None: there is one class.
    """

    starts: NDArray[np.float32]
    slopes: NDArray[np.float32]
    lengths: NDArray[np.float32]
    anchors: NDArray[np.float32]
    numeric: NDArray[np.bool_]
    column: str | None = None

    def __call__(self, samples: Tensor, classes: Mapping[str, Tensor]) -> Tensor:
        """Maps samples [n, width], given the classes that they were drawn from."""
        code = classes[self.column] if self.column else ops.cast(ops.zeros_like(samples[:, 0]), "int64")
        starts, slopes, lengths = (ops.take(a, code, axis=0) for a in (self.starts, self.slopes, self.lengths))
        within = samples[:, :, None] - starts
        # The first segment runs down from its end, the others up from their beginnings.
        first = ops.minimum(within[:, :, :1], 0.0)
        others = ops.minimum(ops.maximum(within[:, :, 1:], 0.0), lengths[:, :, 1:])
        steps = ops.concatenate([first, others], axis=-1) * slopes
        return ops.where(self.numeric[np.newaxis], ops.take(self.anchors, code, axis=0) + ops.sum(steps, -1), samples)


def fit(preprocessed: Preprocessed, column: str | None, draw: Draw) -> Calibration:
    """Measures the quantiles of the data and of what is drawn.

    Args:
        preprocessed: The data.
        column: The column whose classes are calibrated each for itself.
        draw: Draws encoded samples [n, width] of a class, or of all where it is None.

    Raises:
        RecipeError: The samples have no numeric parts, or the column is not one of categories.
    """
    numeric = preprocessed.decoder.numeric
    if not numeric.any():
        raise RecipeError("export calibration = true needs numeric columns")
    codes = class_codes(preprocessed, column)
    classes, width, segments = int(codes.max()) + 1, numeric.size, len(QUANTILES) + 1
    starts, slopes, lengths = (np.zeros((classes, width, segments)) for _ in range(3))
    anchors = np.zeros((classes, width))
    for code in np.unique(codes).tolist():
        drawn = _rising(np.quantile(draw(code if column else None).astype(np.float64), QUANTILES, axis=0).T)
        data = np.quantile(preprocessed.samples[codes == code].astype(np.float64), QUANTILES, axis=0).T
        between = np.diff(data) / np.diff(drawn)
        starts[code] = np.concatenate([drawn[:, :1], drawn], axis=1)
        slopes[code] = np.concatenate([between[:, :1], between, between[:, -1:]], axis=1)
        lengths[code] = np.concatenate([np.diff(drawn)[:, :1], np.diff(drawn), np.full((width, 1), np.inf)], axis=1)
        anchors[code] = data[:, 0]
    return Calibration(
        starts=starts.astype(np.float32),
        slopes=slopes.astype(np.float32),
        lengths=lengths.astype(np.float32),
        anchors=anchors.astype(np.float32),
        numeric=numeric,
        column=column,
    )


def _rising(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles that are further apart than nothing, as slopes are divided by their distances."""
    return quantiles + _MIN_STEP * np.arange(quantiles.shape[-1])
