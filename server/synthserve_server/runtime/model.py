"""What the runtime knows of a model: plain values, no protos."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

LATENT = "latent"
"""The graph input that takes the noise."""

IMAGE = "image"
"""The graph output of an image model."""

UNSET = -1
"""What a condition input holds where the caller set no value."""

PACKET = 4
"""Unless a model says otherwise, the batch sizes that its graph is run with on a CPU are multiples of this.

onnxruntime computes Log, Sin, Softplus, double Exp and others four values at a time and the rest of the tensor one by
one, with another rounding. In whole packets no value is ever part of such a rest, so none depends on its batch.
"""

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
"""Graph inputs or outputs by name; the first dimension is the batch."""


class ColumnType(enum.Enum):
    """The type of a column's values; the value of a member is the dtype of its graph output."""

    DOUBLE = "float64"
    INT64 = "int64"
    CATEGORY = "int32"
    BOOL = "bool"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType
    categories: tuple[str, ...] = ()
    nullable: bool = False

    @property
    def validity(self) -> str:
        """The name of the graph output that tells where a nullable column has a value."""
        return f"valid:{self.name}"


@dataclass(frozen=True)
class Table:
    """The output of a table model."""

    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Image:
    """The output of an image model: uint8, `[height, width, channels]` each."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Condition:
    """A value that the caller may fix."""

    name: str
    categories: tuple[str, ...]

    @property
    def input(self) -> str:
        """The name of the graph input: int64, `[batch]`, a category's index or UNSET."""
        return f"condition:{self.name}"


@dataclass(frozen=True)
class Model:
    """One version of a model."""

    id: str
    version: int
    latent_shape: tuple[int, ...]
    batch_size: int
    output: Table | Image
    conditions: tuple[Condition, ...] = ()
    packet: int = PACKET

    @property
    def name(self) -> str:
        """The resource name of the version."""
        return f"models/{self.id}/versions/{self.version}"


@dataclass(frozen=True)
class Tensor:
    """The dtype of a graph input or output, and its shape without the batch dimension."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()


def inputs(model: Model) -> dict[str, Tensor]:
    """The inputs that the model's graph must have, by name."""
    named = {LATENT: Tensor(np.dtype(np.float32), model.latent_shape)}
    return named | {condition.input: Tensor(np.dtype(np.int64)) for condition in model.conditions}


def outputs(model: Model) -> dict[str, Tensor]:
    """The outputs that the model's graph must have, by name."""
    if isinstance(model.output, Image):
        size = model.output
        return {IMAGE: Tensor(np.dtype(np.uint8), (size.height, size.width, size.channels))}
    columns = model.output.columns
    values = {column.name: Tensor(np.dtype(column.type.value)) for column in columns}
    return values | {column.validity: Tensor(np.dtype(np.bool_)) for column in columns if column.nullable}
