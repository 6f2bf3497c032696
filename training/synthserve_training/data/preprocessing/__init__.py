"""Preprocessing: between data as people know it and the float tensors that networks work on.

A module of this package is a `PreprocessingKind`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import ImageSchema, TableSchema
from synthserve_core.contract.model import Key
from synthserve_training.data.datasets import Images
from synthserve_training.types import Layout, Tensor


class Decoder(Protocol):
    """Turns encoded samples into finished values. Written in `keras.ops`, so that it can be exported."""

    @property
    def schema(self) -> TableSchema | ImageSchema:
        """What the finished values look like."""
        ...

    def decode(self, samples: Tensor) -> dict[Key, Tensor]:
        """Decodes [n, *shape] to finished values: what a package's graph gives, by key."""
        ...


class Samples(Protocol):
    """Encoded samples: an array, or something that encodes those that are asked for."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, chosen: Any, /) -> NDArray[np.float32]:  # noqa: ANN401 - a slice, indices or a mask
        """Some of them, float32 [n, *shape]; `[:]`: all of them, as one array."""
        ...


# (a batch [n, *shape], a generator of random numbers) to a changed batch
Augment = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True)
class Preprocessed:
    """Data, ready to train on.

    Attributes:
        samples: float32 [n, *layout.shape], of any number: `[:]` needs the memory of all.
        layout: How a sample is laid out.
        classes: The class codes of the samples, int64 [n], for each column that can become a condition: the columns of
            categories of a table, or the label of images that have some.
        categories: The texts that these codes index, for each of these columns.
        decoder: The way back.
        data: The data after cleaning, before encoding, for comparison.
        augment: Changes each batch at random before it is trained on, if anything does.
    """

    samples: Samples
    layout: Layout
    classes: Mapping[str, NDArray[np.int64]]
    categories: Mapping[str, tuple[str, ...]]
    decoder: Decoder
    data: Any
    augment: Augment | None = None


class PreprocessingKind(Protocol):
    """The functions of a preprocessing's module."""

    def fit(self, options: Any, data: pd.DataFrame | Images, /) -> Preprocessed:  # noqa: ANN401 - the module's `Options`
        """Cleans and encodes data.

        Raises:
            RecipeError: It encodes data of another kind.
            DatasetError: The data lack something, or too few are left.
        """
        ...
