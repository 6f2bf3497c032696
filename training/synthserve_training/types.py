"""Types that every part of the trainer shares."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor: TypeAlias = Any
"""A tensor of whichever backend Keras runs on, or a NumPy array where `keras.ops` takes one."""


class SpanKind(enum.Enum):
    """What the values of a span mean."""

    NUMBER = "number"
    ONE_HOT = "one-hot"


@dataclass(frozen=True)
class Span:
    """Values of an encoded row that belong together.

    Attributes:
        name: The column that they encode.
        kind: What they mean.
        width: How many there are.
    """

    name: str
    kind: SpanKind
    width: int


@dataclass(frozen=True)
class Layout:
    """How an encoded sample is laid out: what networks are built for.

    Attributes:
        shape: Of one sample: `(width,)` of a row, `(height, width, channels)` of an image.
        spans: Of a row, from its first value to its last. Images have none.
    """

    shape: tuple[int, ...]
    spans: tuple[Span, ...] = ()

    @property
    def numeric(self) -> NDArray[np.bool_]:
        """Which values of a row are numbers: bool `[width]`; of an image none, bool `shape`."""
        if not self.spans:
            return np.zeros(self.shape, np.bool_)
        return np.concatenate([np.full(span.width, span.kind is SpanKind.NUMBER) for span in self.spans])


NO_FIGURES: Mapping[str, float] = MappingProxyType({})


class Progress(Protocol):
    """Reports the progress of something that takes long."""

    def __call__(self, what: str, done: int, total: int, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Shows it, or not.

        Args:
            what: What is being done, such as `epoch 3/200`.
            done: How many of its steps are done.
            total: How many there are.
            figures: What was measured so far, such as losses.
        """
        ...


def no_progress(_what: str, _done: int, _total: int, _figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    """Shows nothing."""
