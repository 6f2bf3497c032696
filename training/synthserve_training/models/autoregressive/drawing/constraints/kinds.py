"""What a constraint adds to a graph.

Columns are drawn one after the other, so a constraint restricts each column by those before it. For no row to end where
nothing is left, each column must also leave something to those after it, whatever is drawn. That depends on conditions,
which all rows of a request share. It is found out once for all rows, from the last column to the first (directional
consistency; Dechter and Pearl 1987, "Network-based heuristics for constraint-satisfaction problems").
"""

from dataclasses import dataclass

from synthserve_training.models.autoregressive.drawing.constraints.scope import Scope
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.onnx_graph import Value


@dataclass(frozen=True, eq=False)
class Constraint:
    """Something that holds in every row.

    Attributes:
        text: What it says, such as `start <= end`.
        columns: The drawn columns that it restricts, in the order in which they are drawn.
    """

    text: str
    columns: tuple[str, ...]

    compares = False
    """Whether it compares values: then its columns are ordered ones."""

    denies_missing = False
    """Whether it may forbid a missing value in some rows."""

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """What the domains of later columns leave of a column.

        Args:
            scope: The graph, with the domains of the columns that are drawn after this one.
            name: The column.

        Returns:
            bool [K, 1], the codes of its first token; and limits, [1].
        """
        del scope, name
        return None, None

    def mask(self, scope: Scope, name: str) -> Value | None:
        """What the columns before a column leave of its codes: added to the scores of the first token, [K, batch]."""
        del scope, name
        return None

    def limits(self, scope: Scope, name: str) -> Limits | None:
        """What the columns before a column leave of its values, [batch]."""
        del scope, name
        return None
