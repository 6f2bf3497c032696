"""Preprocessing: between data as people know it and the float tensors that networks work on.

A module of this package has `Options` and `fit(options, data) -> Preprocessed`, which raises `RecipeError` for data
of another sort.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import ImageSchema, TableSchema
from synthserve_training.objectives import Tensor


class Decoder(Protocol):
    """Turns what a network gives into finished values. Written in `keras.ops`, so that it can be exported."""

    @property
    def schema(self) -> TableSchema | ImageSchema:
        """What the finished values look like."""
        ...

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Which values of an encoded sample [*sample_shape] are numbers of a table, rather than pixels or one-hot."""
        ...

    def decode(self, samples: Tensor) -> dict[str, Tensor]:
        """Decodes [n, *sample_shape] to the outputs that the package manifest describes, by name."""
        ...


# (a batch [n, *sample_shape], a generator of random numbers) to a changed batch
Augment = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True)
class Preprocessed:
    """Data, ready to train on.

    Attributes:
        samples: float32 [n, *sample_shape].
        classes: The class codes of the samples, int64 [n], for each column that a sampler can take as a condition.
        decoder: The way back.
        data: The data after cleaning, before encoding, for comparison.
        augment: Changes each batch at random before it is trained on, if anything does.
    """

    samples: NDArray[np.float32]
    classes: Mapping[str, NDArray[np.int64]]
    decoder: Decoder
    data: Any
    augment: Augment | None = None
