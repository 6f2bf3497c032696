"""What the drawing of a column needs and makes, whatever its kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from synthserve.v1.schema_pb2 import Column, ConditionSpec
from synthserve_training.models.autoregressive.drawing.heads import Heads, RunningSum
from synthserve_training.models.autoregressive.drawing.limits import Limits, Reach
from synthserve_training.models.autoregressive.drawing.uniforms import Uniforms
from synthserve_training.models.autoregressive.tokens import ColumnCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output


@dataclass(frozen=True)
class Evidence:
    """What conditions say about a column.

    Attributes:
        embedding: float32 [1, H].
        mask: float32 [K, 1], added to the scores of the first token; None: everything is left.
        limits: What the column's kind keeps for `ColumnGraph.draw`, by name.
    """

    embedding: Value
    mask: Value | None
    limits: Mapping[str, Value]


NO_EVIDENCE = Evidence("", None, {})
"""Of a column whose embedding is not asked for: there is no condition on it."""


@dataclass(frozen=True)
class Drawn:
    """A drawn column.

    Attributes:
        output: Its finished values.
        seen: The running sum with the column in it.
        codes: int64 [batch], of each token.
        units: int64 [batch], if its values are ordered: what limits compare; see `limits`.
    """

    output: Output
    seen: RunningSum
    codes: Sequence[Value]
    units: Value | None = None


class ColumnGraph(Protocol):
    """How one kind of column is drawn."""

    @property
    def code(self) -> ColumnCode:
        """Its tokens."""
        ...

    @property
    def schema(self) -> Column:
        """The column in the manifest."""
        ...

    @property
    def condition(self) -> ConditionSpec | None:
        """The condition on it; None: it takes none."""
        ...

    @property
    def condition_shape(self) -> tuple[type, int]:
        """The dtype and width of the condition's input."""
        ...

    def evidence(self, graph: GraphBuilder, weights: Sequence[HeadWeights], condition: Value) -> Evidence:
        """Adds the nodes that turn a condition's input, [1, width], into evidence."""
        ...

    def draw(
        self,
        heads: Heads,
        weights: Sequence[HeadWeights],
        evidence: Evidence,
        seen: RunningSum,
        uniforms: Uniforms,
        masks: Callable[[int], Value | None],
        limits: Limits | None = None,
    ) -> Drawn:
        """Adds the nodes that draw the column.

        Args:
            heads: Draws tokens.
            weights: Of the column's tokens.
            evidence: On this column.
            seen: The running sum without the evidence on this column.
            uniforms: Uniform numbers.
            masks: For each token of the column the scores that constraints add, float32 [K, batch]; None: none.
            limits: Of a column whose values are ordered: what constraints leave of it. A missing value is always left.
        """
        ...


@runtime_checkable
class Ordered(ColumnGraph, Protocol):
    """A column whose values are ordered: numbers, dates, times."""

    @property
    def scale(self) -> int:
        """How many units one is."""
        ...

    @property
    def extent(self) -> tuple[int, int]:
        """The lowest and the highest value that can be drawn, in units."""
        ...

    def reach(self, graph: GraphBuilder, evidence: Evidence, limits: Limits) -> Reach:
        """Adds the nodes that find out what conditions and limits, [1], leave."""
        ...
