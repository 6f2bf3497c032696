"""Makes constraints hold, column by column: while rows are drawn, and in the probabilities of rows."""

from collections.abc import Mapping, Sequence

from synthserve_training.models.autoregressive.drawing.columns import ColumnGraph, Evidence
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.constraints.scope import Known, Scope
from synthserve_training.models.autoregressive.drawing.limits import Limits, intersection
from synthserve_training.models.onnx_graph import GraphBuilder, Value


class Holding:
    """Constraints in a graph that is being built.

    Attributes:
        demands: What must be true for conditions and constraints to leave a row, bool [1] each, and what to say else.
    """

    def __init__(
        self,
        graph: GraphBuilder,
        columns: Mapping[str, ColumnGraph],
        evidence: Mapping[str, Evidence],
        constraints: Sequence[Constraint],
    ) -> None:
        """Adds the nodes that find out what conditions leave of each column.

        Args:
            graph: Where they go.
            columns: The columns, by name, in the order in which they are drawn.
            evidence: What conditions say about each.
            constraints: What is to hold.
        """
        self._scope = Scope(graph, columns, evidence)
        self._of = {name: [each for each in constraints if name in each.columns] for name in columns}
        self.demands: list[tuple[Value, str]] = []
        for name in reversed(list(columns)):
            if self._of[name]:
                self._narrow(name)

    def mask(self, name: str) -> Value | None:
        """What is added to the scores of the first token of a column, float32 [K, batch] or [K, 1]; None: nothing."""
        scope = self._scope
        found = [each for each in (one.mask(scope, name) for one in self._of[name]) if each is not None]
        if name in scope.domains and scope.domains[name].narrowed:
            found.append(scope.mask(scope.domains[name].codes))
        whole: Value | None = None
        for each in found:
            whole = each if whole is None else scope.graph.op("Add", whole, each)
        return whole

    def limits(self, name: str) -> Limits | None:
        """The limits of a column; see `ColumnGraph.draw`."""
        found = [each for each in (one.limits(self._scope, name) for one in self._of[name]) if each is not None]
        if name in self._scope.domains and (shared := self._scope.domains[name].limits) is not None:
            found.append(shared)
        return intersection(self._scope.graph, found)

    def learn(self, name: str, known: Known) -> None:
        """Remembers the values of a column, for those after it."""
        self._scope.known[name] = known

    def _narrow(self, name: str) -> None:
        scope, mine = self._scope, self._of[name]
        found = [(each, *each.narrow(scope, name)) for each in mine]
        codes = [code for _, code, _ in found if code is not None]
        limits = [limit for _, _, limit in found if limit is not None]
        domain = scope.domain(
            name,
            codes,
            limits,
            is_ordered=any(each.compares for each in mine),
            may_be_denied=any(each.denies_missing for each in mine),
        )
        scope.domains[name] = domain
        if codes or limits:
            reasons = [each.text for each, code, limit in found if code is not None or limit is not None]
            reason = f"no value of {name!r} fulfils these conditions: in every row, {' and '.join(reasons)}"
            self.demands.append((scope.any(domain.codes), reason))
