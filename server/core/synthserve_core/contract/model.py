"""What a package promises, as plain checked values: columns, conditions, methods and the tensors of their graphs."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

PACKET = 4
"""Unless a model says otherwise, the batch sizes that its graph is run with on a CPU are multiples of this.

onnxruntime computes Log, Sin, Softplus, double Exp and others four values at a time and the rest of the tensor one by
one, with another rounding. In whole packets no value is ever part of such a rest, so none depends on its batch.
"""

UNSET_CODE = -1
"""What a CODE holds where the caller set no value."""


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
    """The key of an array of scores: float64, `[rows]`; of one column, or of the whole sample where that is empty."""

    column: str = ""


@dataclass(frozen=True)
class Pixels:
    """The type of `IMAGE`."""


IMAGE = Pixels()
"""The key of an array of images: uint8, `[images, height, width, channels]`."""

Key: TypeAlias = str | Validity | Pixels | Score
"""What an array of samples is: a column by its name, its validity, the image, or a score."""

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
    """What a condition accepts."""

    CODE = "code"
    SET = "set"
    RANGE = "range"


@dataclass(frozen=True)
class Condition:
    """Something that the caller may ask the samples to have in common.

    Attributes:
        name: In a table the name of the column.
        kind: What it accepts.
        type: The type of the values.
        categories: CODE and SET: the values.
        nullable: Whether a missing value can be asked for.
        utc: Of TIMESTAMP, as in `Column`.
        csv: How values are written, beside the default form.
        low: RANGE: the smallest value that was learnt, in the units of the graph; -inf: unknown.
        high: RANGE: the largest; inf: unknown.
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
        """What the graph gets where the caller asks for nothing: `[1, ...]`."""
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
        stream: Which of the method's inputs with noise it is, from 0; each has noise of its own.
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
        condition: Which one.
        shared: Whether the first dimension is 1 rather than the batch: all samples of a run have the same value.
    """

    condition: Condition
    shared: bool = False


@dataclass(frozen=True)
class Data:
    """An input that takes rows or images that come in."""

    key: Key


Role: TypeAlias = Noise | Index | Given | Data
"""What the input of a graph is fed with."""


class MethodKind(enum.Enum):
    """What a model can do."""

    GENERATE = "generate"
    SCORE = "score"
    TRANSFORM = "transform"


@dataclass(frozen=True)
class Tensor:
    """The dtype of a graph input or output, and its shape without the first dimension.

    Attributes:
        dtype: Of the values.
        shape: Without the first dimension.
        shared: Whether the first dimension is 1 rather than the batch.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()
    shared: bool = False


@dataclass(frozen=True)
class Method:
    """A method of a model, and what its graph takes and gives.

    Attributes:
        kind: Which one.
        file: The graph's file in the package.
        sha256: The digest of that file, in hexadecimal digits.
        batch_size: How many samples to compute at once.
        packet: On a CPU samples are computed in multiples of so many, from indices that are such multiples.
        inputs: What each input is fed with, by the tensor's name.
        outputs: What each output is, by the tensor's name.
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
        """The method that every model has."""
        return self.methods[MethodKind.GENERATE]

    @property
    def batch_size(self) -> int:
        """How many samples `generate` computes at once."""
        return self.generate.batch_size


def tensors_of(output: Table | Image) -> dict[Key, Tensor]:
    """What a method that makes samples gives, in order, and the tensor that carries each."""
    if isinstance(output, Image):
        return {IMAGE: Tensor(np.dtype(np.uint8), (output.height, output.width, output.channels))}
    tensors: dict[Key, Tensor] = {}
    for column in output.columns:
        shape = (column.max_bytes,) if column.type is ColumnType.STRING else ()
        tensors[column.name] = Tensor(DTYPES[column.type], shape)
        if column.nullable:
            tensors[column.validity] = Tensor(np.dtype(np.bool_))
    return tensors
