"""What the scoring of a column needs, whatever its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class Coded:
    """The values of a column as tokens.

    Attributes:
        codes: Of each token, int64 [batch]; `UNKNOWN` where the value does not have it.
        contexts: Of each token, int64 [batch]; None where it has but one.
        drawable: bool [batch]: whether the value can be drawn.
        floor: float64 [batch] or [1]: the score of a value that cannot be drawn.
        log_points: float64 [batch] or [1]: the logarithm of the number of values that have the same tokens.
    """

    codes: Sequence[Value]
    contexts: Sequence[Value | None]
    drawable: Value
    floor: Value
    log_points: Value


class ColumnEncoder(Protocol):
    """Turns finished values into tokens, as `ColumnCode.encode` does, in a graph."""

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None) -> Coded:
        """Adds the nodes.

        Args:
            graph: Where they go.
            values: [batch], as the column is in a graph of the contract. Any value is allowed.
            validity: bool [batch]; None: no value is missing.
        """
        ...
