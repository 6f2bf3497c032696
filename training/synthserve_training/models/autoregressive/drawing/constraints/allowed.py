"""Combinations: the rows of values that some columns may have together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.constraints.scope import Scope
from synthserve_training.models.autoregressive.drawing.limits import Limits
from synthserve_training.models.onnx_graph import Value

_CUMULATIVE = 0
"""The number that the cumulative counts are kept under; states are kept under the places of columns, from 1 on."""


@dataclass(frozen=True)
class _Level:
    """The column of a depth of the tree of combinations.

    Attributes:
        start: int64 [states, K]: the first combination with the values so far and each code.
        stop: The same: the one after the last. There is none where both are equal.
        next: The same: the state that follows.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    next: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Combinations(Constraint):
    """Columns that only have certain values together.

    The combinations are sorted, so those that begin in the same way lie next to each other. Whether conditions on later
    columns leave any of them follows from one cumulative sum over all.

    Attributes:
        classes: For each column the class of each code of its first token, int64 [K]: combinations are of classes.
        rows: int64 [combinations, columns], classes.
    """

    classes: tuple[NDArray[np.int64], ...]
    rows: NDArray[np.int64]

    denies_missing = True

    def narrow(self, scope: Scope, name: str) -> tuple[Value | None, Limits | None]:
        """See `Constraint`: a code of the first column begins a combination that the other columns can have."""
        if name != self.columns[0]:
            return None, None
        graph = scope.graph
        left = graph.constant(np.ones(len(self._sorted), np.bool_))
        for place, later in enumerate(self.columns[1:], start=1):
            codes = graph.op("Reshape", scope.domains[later].codes, graph.constant([1, -1], np.int64))
            classes = self.classes[place]
            members = np.arange(classes.max() + 1)[:, None] == classes[None]
            found = graph.cast(graph.op("And", codes, graph.constant(members)), np.int32)
            of_class = graph.op("ReduceMax", found, graph.constant([1], np.int64), keepdims=0)
            left = graph.op(
                "And", left, graph.cast(graph.op("Gather", of_class, graph.constant(self._sorted[:, place])), np.bool_)
            )
        counts = graph.op("CumSum", graph.cast(left, np.int64), graph.constant(0, np.int64))
        scope.kept[self, _CUMULATIVE] = graph.op("Concat", graph.constant([0], np.int64), counts, axis=0)
        return graph.op("Transpose", self._left(scope, 0)), None

    def mask(self, scope: Scope, name: str) -> Value | None:
        """See `Constraint`: what continues the combination of the columns before."""
        place = self.columns.index(name)
        if place == 0:
            return None
        graph = scope.graph
        table = graph.op("Transpose", scope.mask(self._left(scope, place)))
        return graph.op("Gather", table, self._state(scope, place), axis=1)

    def _left(self, scope: Scope, place: int) -> Value:
        """The codes that conditions leave in each state: bool [states, K]."""
        graph, level = scope.graph, self._levels[place]
        counts = scope.kept[self, _CUMULATIVE]
        start, stop = (graph.op("Gather", counts, graph.constant(each)) for each in (level.start, level.stop))
        return graph.op("Less", start, stop)

    def _state(self, scope: Scope, place: int) -> Value:
        """The state before a column, int64 [batch]."""
        if (self, place) in scope.kept:
            return scope.kept[self, place]
        graph, level = scope.graph, self._levels[place - 1]
        code = scope.known[self.columns[place - 1]].codes[0]
        if place > 1:
            size = graph.constant(level.next.shape[1], np.int64)
            code = graph.op("Add", graph.op("Mul", self._state(scope, place - 1), size), code)
        scope.kept[self, place] = graph.op("Gather", graph.constant(level.next.reshape(-1)), code)
        return scope.kept[self, place]

    @cached_property
    def _sorted(self) -> NDArray[np.int64]:
        return np.unique(self.rows, axis=0)

    @cached_property
    def _levels(self) -> list[_Level]:
        rows, levels = self._sorted, []
        states = np.zeros(len(rows), np.int64)
        for place, classes in enumerate(self.classes):
            count = int(classes.max()) + 1
            shape = (int(states.max()) + 1, count)
            cells, first, sizes = np.unique(states * count + rows[:, place], return_index=True, return_counts=True)
            start, stop, following = (np.zeros(shape, np.int64) for _ in range(3))
            start.reshape(-1)[cells], stop.reshape(-1)[cells] = first, first + sizes
            following.reshape(-1)[cells] = np.arange(len(cells))
            levels.append(_Level(start[:, classes], stop[:, classes], following[:, classes]))
            states = np.repeat(np.arange(len(cells)), sizes)
        return levels
