"""What a rule is, and what it may use of its row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from synthserve.v1 import schema_pb2
from synthserve_training.models.onnx_graph import GraphBuilder, Value

NO_COLUMNS: Mapping[str, schema_pb2.Column] = MappingProxyType({})


@dataclass(frozen=True)
class Drawn:
    """How texts were drawn from a list, so that another rule can use the same entry of a list of its own.

    Attributes:
        index: int32 [batch], an index into `texts`.
        texts: The list.
    """

    index: Value
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """The values of a column in a graph.

    Attributes:
        values: [batch], of the dtype of the column's type; STRING: uint8 [batch, max_bytes], UTF-8 padded with zeros.
        validity: bool [batch], false where the value is missing; None if it never is.
        drawn: The list and the indices, if the values are texts of a list.
    """

    values: Value
    validity: Value | None = None
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Row:
    """What a rule may use of its row.

    Attributes:
        index: The index of the row, int64 [batch]; empty if no rule of the model uses it.
        uniforms: Takes the next k uniform numbers of the row: float32 [batch, k], multiples of 2^-24 in [0, 1).
        columns: The columns that were made before, by name.
        schemas: Their schemas, by name.
    """

    index: Value
    uniforms: Callable[[int], Value]
    columns: Mapping[str, Output]
    schemas: Mapping[str, schema_pb2.Column]


class Rule(Protocol):
    """Makes the values of one column."""

    @property
    def uniforms(self) -> int:
        """How many uniform numbers it takes for a row."""
        ...

    @property
    def uses_index(self) -> bool:
        """Whether it uses the index of the row."""
        ...

    @property
    def references(self) -> tuple[str, ...]:
        """The columns that have to be made before."""
        ...

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column] = NO_COLUMNS) -> schema_pb2.Column:
        """The column that it makes.

        Args:
            name: Its name.
            schemas: The schemas of `references`, by name.

        Raises:
            RecipeError: A column of `references` has a type that the rule does not take.
        """
        ...

    def build(self, graph: GraphBuilder, row: Row) -> Output:
        """Adds the nodes that make the values.

        Raises:
            RecipeError: As `schema`.
        """
        ...
