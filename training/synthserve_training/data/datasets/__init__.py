"""Datasets: what recipes of networks are trained on.

A module of this package is a `DatasetKind`: a public dataset, downloaded from its official source and verified by
checksum, or data of the user: a table (`file`) or pictures (`pictures`).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.data.files import Files


@dataclass(frozen=True)
class Images:
    """Images of one size.

    Attributes:
        pixels: uint8 [n, height, width, channels]; can be mapped from a file.
        labels: int64 [n]: the class of each image, from 0.
        label: What the classes are, in one word; the name of the condition in a model that takes it.
        names: Of the classes, by number; empty: the images have no labels; None: the numbers are the names.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    label: str = "label"
    names: tuple[str, ...] | None = None

    @property
    def categories(self) -> tuple[str, ...]:
        """The classes as texts: their names, or their numbers from 0 to the largest that occurs."""
        if self.names is not None:
            return self.names
        return tuple(map(str, range(int(self.labels.max(initial=-1)) + 1)))


class DatasetKind(Protocol):
    """The functions of a dataset's module."""

    def load(self, options: Any, files: Files, /) -> pd.DataFrame | Images:  # noqa: ANN401 - the module's `Options`
        """Loads the data.

        Raises:
            DatasetError: They are corrupt, or could not be downloaded.
        """
        ...

    def held_out(self, options: Any, /) -> Any | None:  # noqa: ANN401 - the module's `Options`
        """The options of real data of the same kind that `options` does not load; None: the dataset has no more."""
        ...
