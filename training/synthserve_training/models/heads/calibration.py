"""Bends what a model draws of each number to the distribution that the number has in the training data.

A Gaussian around a reconstruction is symmetric; many real columns are not, least of all within a class. Straight
lines between a few quantiles of the draws and the same quantiles of the data mend that, number by number and class by
class where the sampler knows classes. Which rows go together stays as the model draws it: the lines rise.
"""

from dataclasses import dataclass

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.components import OptionsBase
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.models.classes import class_codes
from synthserve_training.models.heads import Unfinished
from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor

# Few, and none near the ends: a quantile of a small class is not to be about one row.
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_SEGMENTS = len(QUANTILES) + 1
_MIN_STEP = 1e-4


class Options(OptionsBase):
    """The head has no options."""


@dataclass(frozen=True)
class Calibration:
    """Maps the numeric parts of encoded samples; one-hot parts stay as they are.

    A segment adds its slope times how far into it a number reaches. The first is endless downwards and counts from its
    end, the last is endless upwards.

    Attributes:
        starts: float32 [classes, width * segments]: where each segment begins in what is drawn.
        slopes: float32 [classes, width * segments]: how steep it is.
        lows: float32 [classes, width * segments]: the least that a number reaches into it.
        highs: float32 [classes, width * segments]: the most.
        anchors: float32 [classes, width]: where the first segment ends in the data.
    """

    starts: NDArray[np.float32]
    slopes: NDArray[np.float32]
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    anchors: NDArray[np.float32]
    noise_size: int = 0

    def __call__(self, samples: Tensor, _noise: Tensor, code: Tensor) -> Tensor:
        """Maps numbers to the distribution that they have in the data; see `Head`."""
        tables = (self.starts, self.slopes, self.lows, self.highs)
        starts, slopes, lows, highs = (ops.take(table, code, axis=0) for table in tables)
        # By products with ones and zeros, see `classwise`: each number once for each of its segments, and their sums.
        spread = np.eye(self.anchors.shape[1], dtype=np.float32).repeat(_SEGMENTS, axis=1)
        reached = ops.minimum(ops.maximum(ops.matmul(samples, spread) - starts, lows), highs)
        return ops.take(self.anchors, code, axis=0) + ops.matmul(reached * slopes, spread.T)


def check(_options: Options, _networks: Networks, preprocessed: Preprocessed) -> None:
    """Checks that there are numbers.

    Raises:
        RecipeError: The samples have no numeric parts.
    """
    if not preprocessed.layout.numeric.any():
        raise RecipeError("the head calibration needs numeric columns")


def fit(options: Options, unfinished: Unfinished) -> Calibration:
    """Measures the quantiles of the data and of what is drawn, for each class of the sampler's column.

    Raises:
        RecipeError: The samples have no numeric parts, or the column is not one of categories.
    """
    preprocessed, column = unfinished.preprocessed, unfinished.column
    check(options, unfinished.networks, preprocessed)
    numeric = preprocessed.layout.numeric
    codes = class_codes(preprocessed, column)
    shape = (int(codes.max()) + 1, numeric.size, _SEGMENTS)
    # Where nothing is measured, numbers stay as they are: two segments that meet at 0.
    starts, slopes, lows, highs = np.zeros(shape), np.ones(shape), np.zeros(shape), np.zeros(shape)
    anchors = np.zeros(shape[:2])
    lows[..., 0], highs[..., -1] = -np.inf, np.inf
    for code in np.unique(codes).tolist():
        drawn = _rising(_quantiles(unfinished.encoded(code if column else None)[:, numeric]))
        data = _quantiles(preprocessed.samples[codes == code][:, numeric])
        between = np.diff(data) / np.diff(drawn)
        starts[code, numeric] = np.concatenate([drawn[:, :1], drawn], axis=1)
        slopes[code, numeric] = np.concatenate([between[:, :1], between, between[:, -1:]], axis=1)
        highs[code, numeric, 1:-1] = np.diff(drawn)
        anchors[code, numeric] = data[:, 0]
    flat = (shape[0], shape[1] * shape[2])
    return Calibration(
        starts=starts.reshape(flat).astype(np.float32),
        slopes=slopes.reshape(flat).astype(np.float32),
        lows=lows.reshape(flat).astype(np.float32),
        highs=highs.reshape(flat).astype(np.float32),
        anchors=anchors.astype(np.float32),
    )


def _quantiles(numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of numbers [rows, columns] for each column: [columns, quantiles]."""
    return np.asarray(np.quantile(numbers.astype(np.float64), QUANTILES, axis=0).T)


def _rising(quantiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles that are further apart than nothing, as slopes are divided by their distances."""
    return quantiles + _MIN_STEP * np.arange(quantiles.shape[-1])
