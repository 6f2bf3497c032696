"""What the kinds of rules have in common: missing values, and columns of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from synthserve.v1 import schema_pb2
from synthserve_training.components import Count, OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.models.onnx_graph import GraphBuilder
from synthserve_training.models.rules import texts, whole
from synthserve_training.models.rules.contract import NO_COLUMNS, Drawn, Output, Row
from synthserve_training.models.rules.patterns.codes import PartlyCoded, partly_coded
from synthserve_training.models.rules.patterns.nodes import Listed, Pattern
from synthserve_training.models.rules.permutation import LARGEST, Permutation
from synthserve_training.models.rules.scope import Scope
from synthserve_training.models.rules.texts import Text

_MOST_BYTES = 4096
"""The most bytes of a text."""


class Maker(Protocol):
    """Makes the values of a column that are not missing."""

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

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """The column that it makes; nullable if a column of `references` is."""
        ...

    def make(self, scope: Scope) -> Output:
        """Adds the nodes that make the values."""
        ...


class RuleOptions(OptionsBase):
    """The options of every kind."""

    missing: float = Field(default=0.0, ge=0, le=1, description="The share of missing values")

    def maker(self, column: str) -> Maker:
        """What makes the values.

        Args:
            column: The column's name.

        Raises:
            RecipeError: The options do not fit together.
        """
        raise NotImplementedError


class UniqueOptions(RuleOptions):
    """The options of kinds whose values can be unique."""

    unique: bool = Field(default=False, description="No two rows have the same value")
    rows: Count = Field(default=1_000_000, description="unique: at least so many rows differ")
    key: str | int | None = Field(
        default=None, description="unique: another key makes another order. Default: the column's name"
    )

    def permutation(self, column: str, size: int) -> Permutation:
        """The order of unique values.

        Raises:
            RecipeError: There are fewer values than rows.
        """
        return keyed(column, size, self.rows, self.key)


def keyed(column: str, size: int, rows: int, key: str | int | None) -> Permutation:
    """The order in which rows have unique values.

    Args:
        column: The column's name.
        size: How many values there are.
        rows: How many rows have to differ.
        key: The key; None: the column's name.

    Raises:
        RecipeError: There are fewer values than rows.
    """
    if size < rows:
        raise RecipeError(
            f"there are only {size:,} values, and {rows:,} rows are to differ: allow more values, or set rows = {size} "
            "or less"
        )
    return Permutation(size, str(column if key is None else key))


@dataclass(frozen=True)
class OptionalRule:
    """A rule, some of whose values are missing.

    Attributes:
        maker: Makes the values.
        missing: The share of missing values.
    """

    maker: Maker
    missing: float

    @property
    def uniforms(self) -> int:
        """See Rule. At least one where the index is not used, as the noise says how many rows there are."""
        return max(self.maker.uniforms + (self.missing > 0), int(not self.uses_index))

    @property
    def uses_index(self) -> bool:
        """See Rule."""
        return self.maker.uses_index

    @property
    def references(self) -> tuple[str, ...]:
        """See Rule."""
        return self.maker.references

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column] = NO_COLUMNS) -> schema_pb2.Column:
        """See Rule."""
        column = self.maker.schema(name, schemas)
        column.nullable = column.nullable or self.missing > 0
        return column

    def build(self, graph: GraphBuilder, row: Row) -> Output:
        """See Rule."""
        scope = Scope(graph, row, self.uniforms)
        output = self.maker.make(scope)
        if self.missing == 0:
            return output
        present = graph.op("GreaterOrEqual", scope.uniform(), whole.number(graph, self.missing))
        validity = graph.op("And", output.validity, present) if output.validity else present
        return Output(output.values, validity, output.drawn)


def text_schema(name: str, width: int) -> schema_pb2.Column:
    """A column of texts.

    Raises:
        RecipeError: They are too long.
    """
    if width > _MOST_BYTES:
        raise RecipeError(f"the texts have up to {width:,} bytes; the most is {_MOST_BYTES:,}")
    return schema_pb2.Column(name=name, type=schema_pb2.COLUMN_TYPE_STRING, max_bytes=width)


@dataclass(frozen=True)
class Texts:
    """Texts of a pattern: random ones, or each row another one."""

    pattern: Pattern
    permutation: Permutation | None = None

    @classmethod
    def of(cls, pattern: Pattern, options: UniqueOptions, column: str) -> "Texts":
        """Texts of a pattern, unique if the options ask for it."""
        if not options.unique:
            return cls(pattern)
        return cls(pattern, options.permutation(column, partly_coded(pattern, LARGEST).size))

    @property
    def _coded(self) -> PartlyCoded:
        return partly_coded(self.pattern, LARGEST)

    @property
    def uniforms(self) -> int:
        """See Maker."""
        return self._coded.uniforms if self.permutation else self.pattern.uniforms

    @property
    def uses_index(self) -> bool:
        """See Maker."""
        return self.permutation is not None

    @property
    def references(self) -> tuple[str, ...]:
        """See Maker."""
        return ()

    def schema(self, name: str, schemas: Mapping[str, schema_pb2.Column]) -> schema_pb2.Column:
        """See Maker."""
        return text_schema(name, self.pattern.width)

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        if not self.permutation and isinstance(self.pattern, Listed) and self.pattern.size > 1:
            index = self.pattern.index(scope)
            return Output(
                texts.picked(scope.graph, self.pattern.texts, index).value, drawn=Drawn(index, self.pattern.texts)
            )
        return Output(texts.closed(scope.graph, self.text(scope)).value)

    def text(self, scope: Scope) -> Text:
        """The texts, with gaps."""
        if not self.permutation:
            return self.pattern.drawn(scope)
        return self._coded.coded(scope, self.permutation.apply(scope.graph, scope.row.index))
