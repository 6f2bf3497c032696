"""A manifest as plain, checked values: columns, conditions, methods and the tensors of their graphs."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

PACKET = 4
"""The default packet: on a CPU, a graph runs with batch sizes that are multiples of it.

onnxruntime computes Log, Sin, Softplus, double Exp and others four values at a time, and the remainder of the tensor
one by one, with different rounding. Whole packets leave no remainder, so no value depends on its batch.
"""

UNSET_CODE = -1
"""The value of a CODE input for an unset condition."""


class ColumnType(enum.Enum):
    """The type of a column's values."""

    DOUBLE = "double"
    INT64 = "int64"
    CATEGORY = "category"
    BOOL = "bool"
    STRING = "string"
    DATE = "date"
    TIMESTAMP = "timestamp"


DTYPES: Mapping[ColumnType, np.dtype[Any]] = {
    ColumnType.DOUBLE: np.dtype(np.float64),
    ColumnType.INT64: np.dtype(np.int64),
    ColumnType.CATEGORY: np.dtype(np.int32),
    ColumnType.BOOL: np.dtype(np.bool_),
    ColumnType.STRING: np.dtype(np.uint8),
    ColumnType.DATE: np.dtype(np.int32),
    ColumnType.TIMESTAMP: np.dtype(np.int64),
}
"""The dtype of a column's values in a graph: CATEGORY an index, STRING bytes, DATE days, TIMESTAMP microseconds."""


@dataclass(frozen=True)
class CsvFormat:
    """How the values of a column are written in CSV; the fields are those of `synthserve.v1.CsvFormat`."""

    pattern: str = ""
    digits: int = 0
    decimals: int | None = None
    decimal_separator: str = "."
    true_text: str = "true"
    false_text: str = "false"
    missing_text: str = ""


@dataclass(frozen=True)
class Validity:
    """The key of an array that says where a nullable column has a value: bool, `[rows]`."""

    column: str


@dataclass(frozen=True)
class Score:
    """The key of an array of scores: float64, `[rows]`. An empty column means the score of the whole sample."""

    column: str = ""


@dataclass(frozen=True)
class Pixels:
    """The type of `IMAGE`."""


IMAGE = Pixels()
"""The key of an array of images: uint8, `[images, height, width, channels]`."""

Key: TypeAlias = str | Validity | Pixels | Score
"""Identifies an array of samples: a column by its name, its validity, the image, or a score."""

Arrays: TypeAlias = Mapping[Any, NDArray[Any]]
"""Samples by `Key`; the first dimension is the sample."""

Tensors: TypeAlias = Mapping[str, NDArray[Any]]
"""Inputs or outputs of a graph by the tensor's name; the first dimension is the batch."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Unique in the table.
        type: The type of its values.
        categories: CATEGORY: the values, which codes index.
        nullable: Whether a value can be missing.
        utc: TIMESTAMP: whether values are instants.
        max_bytes: STRING: the most bytes of a value.
        csv: How the values are written in CSV.
    """

    name: str
    type: ColumnType
    categories: tuple[str, ...] = ()
    nullable: bool = False
    utc: bool = False
    max_bytes: int = 0
    csv: CsvFormat = field(default_factory=CsvFormat)

    @cached_property
    def validity(self) -> Validity:
        """The key of the array that says where the column has a value."""
        return Validity(self.name)


@dataclass(frozen=True)
class Table:
    """The output of a table model."""

    columns: tuple[Column, ...]
    csv_delimiter: str = ","


@dataclass(frozen=True)
class Image:
    """The output of an image model: uint8, `[height, width, channels]` each."""

    height: int
    width: int
    channels: int


class ConditionKind(enum.Enum):
    """The kind of value that a condition accepts."""

    CODE = "code"
    SET = "set"
    RANGE = "range"


@dataclass(frozen=True)
class Condition:
    """A condition that callers may set on samples.

    Attributes:
        name: Its name; in a table the name of the column.
        kind: The kind of value that it accepts.
        type: The type of the values.
        categories: CODE and SET: the values.
        nullable: Whether callers can require a missing value.
        utc: TIMESTAMP: whether values are instants.
        csv: The CSV format, which is accepted in addition to the default one.
        low: RANGE: the smallest value that was learnt, in the units of the graph; -inf if unknown.
        high: RANGE: the largest value that was learnt; inf if unknown.
    """

    name: str
    kind: ConditionKind
    type: ColumnType = ColumnType.CATEGORY
    categories: tuple[str, ...] = ()
    nullable: bool = False
    utc: bool = False
    csv: CsvFormat = field(default_factory=CsvFormat)
    low: float = -np.inf
    high: float = np.inf

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """The index of each category."""
        return {text: code for code, text in enumerate(self.categories)}

    @cached_property
    def tensor(self) -> "Tensor":
        """The graph input, without its first dimension."""
        if self.kind is ConditionKind.CODE:
            return Tensor(np.dtype(np.int64))
        if self.kind is ConditionKind.SET:
            return Tensor(np.dtype(np.bool_), (len(self.categories) + self.nullable,))
        return Tensor(np.dtype(np.float64), (2,))

    @cached_property
    def unset(self) -> NDArray[Any]:
        """The graph input for an unset condition: `[1, ...]`, read-only."""
        if self.kind is ConditionKind.CODE:
            value: NDArray[Any] = np.array([UNSET_CODE], np.int64)
        elif self.kind is ConditionKind.SET:
            value = np.ones((1, *self.tensor.shape), np.bool_)
        else:
            value = np.array([[-np.inf, np.inf]])
        value.flags.writeable = False
        return value


class Distribution(enum.Enum):
    """How noise is distributed."""

    NORMAL = "normal"
    UNIFORM = "uniform"


@dataclass(frozen=True)
class Noise:
    """An input that takes noise: float32, `[batch, *shape]`.

    Attributes:
        distribution: How it is distributed.
        shape: The shape of one sample's noise.
        stream: The number of the input among the noise inputs of the method, from 0; each has its own noise.
    """

    distribution: Distribution
    shape: tuple[int, ...]
    stream: int = 0


@dataclass(frozen=True)
class Index:
    """An input that takes the index of each sample: int64, `[batch]`."""


@dataclass(frozen=True)
class Given:
    """An input that takes a condition.

    Attributes:
        condition: The condition.
        shared: Whether the first dimension is 1 rather than the batch: all samples of a run share the value.
    """

    condition: Condition
    shared: bool = False


@dataclass(frozen=True)
class Data:
    """An input that takes rows or images sent by the caller."""

    key: Key


Role: TypeAlias = Noise | Index | Given | Data
"""The role of a graph input: what it receives."""


class MethodKind(enum.Enum):
    """The kinds of methods that a model can have."""

    GENERATE = "generate"
    SCORE = "score"
    TRANSFORM = "transform"


@dataclass(frozen=True)
class Tensor:
    """The dtype of a graph input or output, and its shape without the first dimension.

    Attributes:
        dtype: The dtype.
        shape: The shape without the first dimension.
        shared: Whether the first dimension is 1 rather than the batch.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()
    shared: bool = False


@dataclass(frozen=True)
class Method:
    """A method of a model, with the inputs and outputs of its graph.

    Attributes:
        kind: The kind of method.
        file: The graph's file in the package.
        sha256: The digest of that file, in hexadecimal digits.
        batch_size: How many samples to compute at once.
        packet: On a CPU, runs start at sample indices that are multiples of this, and so are their sizes.
        inputs: The role of each input, by tensor name.
        outputs: The key of each output, by tensor name.
        input_tensors: The inputs that the graph must have.
        output_tensors: The outputs that the graph must have.
    """

    kind: MethodKind
    file: str
    sha256: str
    batch_size: int
    packet: int
    inputs: Mapping[str, Role]
    outputs: Mapping[str, Key]
    input_tensors: Mapping[str, Tensor]
    output_tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class Model:
    """One version of a model."""

    id: str
    version: int
    output: Table | Image
    conditions: tuple[Condition, ...]
    methods: Mapping[MethodKind, Method]

    @property
    def name(self) -> str:
        """The resource name of the version."""
        return f"models/{self.id}/versions/{self.version}"

    @cached_property
    def generate(self) -> Method:
        """The method `generate`, which every model has."""
        return self.methods[MethodKind.GENERATE]

    @property
    def batch_size(self) -> int:
        """How many samples `generate` computes at once."""
        return self.generate.batch_size


def tensors_of(output: Table | Image) -> dict[Key, Tensor]:
    """The outputs of a method that makes samples, in order: the tensor for each key."""
    if isinstance(output, Image):
        return {IMAGE: Tensor(np.dtype(np.uint8), (output.height, output.width, output.channels))}
    tensors: dict[Key, Tensor] = {}
    for column in output.columns:
        shape = (column.max_bytes,) if column.type is ColumnType.STRING else ()
        tensors[column.name] = Tensor(DTYPES[column.type], shape)
        if column.nullable:
            tensors[column.validity] = Tensor(np.dtype(np.bool_))
    return tensors
