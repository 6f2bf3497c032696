"""What the scoring of a column needs, whatever its kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.onnx_graph import GraphBuilder, Value


@dataclass(frozen=True)
class Coded:
    """The values of a column as tokens.

    Attributes:
        codes: Of each token, int64 [batch]; `UNKNOWN` where the value does not have it.
        contexts: Of each token, int64 [batch]; None where it has but one.
        drawable: bool [batch]: whether the value can be drawn.
        floor: float64 [batch] or [1]: the score of a value that cannot be drawn.
        log_points: float64 [batch] or [1]: the logarithm of the number of values that have the same tokens, and are
            within the limits. Where these are not equally likely, it is that of one over the value's probability.
        masks: Of each token, what limits add to its scores, float32 [K, batch] or [K, 1]; None: nothing. Empty: there
            are no limits.
        units: int64 [batch], if the values are ordered: what limits compare; see `drawing.limits`.
    """

    codes: Sequence[Value]
    contexts: Sequence[Value | None]
    drawable: Value
    floor: Value
    log_points: Value
    masks: Sequence[Value | None] = ()
    units: Value | None = None


class ColumnEncoder(Protocol):
    """Turns finished values into tokens, as `ColumnCode.encode` does, in a graph."""

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """Adds the nodes.

        Args:
            graph: Where they go.
            values: [batch], as the column is in a graph of the contract. Any value is allowed.
            validity: bool [batch]; None: no value is missing.
            limits: What constraints leave of values that are ordered; None: everything. Whether the value itself is
                within them is the caller's to find out.
        """
        ...
