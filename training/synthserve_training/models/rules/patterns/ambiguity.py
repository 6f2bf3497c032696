"""Counts the texts of a regular expression: fewer than ways to make them, if one text is made in two ways."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.patterns.syntax import (
    Alternatives,
    Characters,
    Expression,
    Repetition,
    Sequence,
)

_MOST = 20_000
"""The most states: more are a pattern that no person wrote."""


def texts(expression: Expression) -> int:
    """The number of different texts that an expression matches.

    Builds the deterministic automaton by subsets of the states of Thompson's, level by level of the texts' lengths.

    Raises:
        RecipeError: The expression is too large.
    """
    automaton = _Automaton()
    end = automaton.state()
    start = automaton.added(expression, end)
    kinds = _kinds({allowed for allowed, _ in automaton.edges.values()})
    level = {automaton.closure([start]): 1}
    total, seen = 0, 0
    while level:
        seen += len(level)
        if seen > _MOST:
            raise RecipeError("unique = true: the pattern is too large")
        following: dict[frozenset[int], int] = defaultdict(int)
        for states, ways in level.items():
            total += ways * (end in states)
            for targets, count in automaton.steps(states, kinds):
                following[targets] += ways * count
        level = following
    return total


class _Automaton:
    """States with edges: one with characters, or empty ones."""

    def __init__(self) -> None:
        self.edges: dict[int, tuple[frozenset[str], int]] = {}
        self._empty: dict[int, list[int]] = {}
        self._states = 0
        self._steps: dict[frozenset[int], list[tuple[frozenset[int], int]]] = {}

    def state(self) -> int:
        self._states += 1
        if self._states > _MOST:
            raise RecipeError("unique = true: the pattern is too large")
        return self._states

    def added(self, expression: Expression, end: int) -> int:
        """Adds the states of an expression that leads to `end`; returns its first state."""
        match expression:
            case Characters(allowed):
                start = self.state()
                self.edges[start] = (frozenset(allowed), end)
                return start
            case Sequence(parts):
                for part in reversed(parts):
                    end = self.added(part, end)
                return end
            case Alternatives(options):
                return self._fork([self.added(option, end) for option in options])
            case Repetition(part, low, high):
                start = end
                for left in range(high):
                    start = self.added(part, start)
                    if left < high - low:
                        start = self._fork([start, end])
                return start

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for state in self._empty.get(waiting.pop(), ()):
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)

    def steps(
        self, states: frozenset[int], kinds: Mapping[frozenset[str], Mapping[int, int]]
    ) -> list[tuple[frozenset[int], int]]:
        """The states behind one more character, and how many characters lead there."""
        if states not in self._steps:
            targets: dict[int, set[int]] = defaultdict(set)
            sizes: dict[int, int] = {}
            for state in states & self.edges.keys():
                allowed, target = self.edges[state]
                sizes.update(kinds[allowed])
                for kind in kinds[allowed]:
                    targets[kind].add(target)
            counts: dict[frozenset[int], int] = defaultdict(int)
            for kind, reached in targets.items():
                counts[frozenset(reached)] += sizes[kind]
            self._steps[states] = [(self.closure(reached), count) for reached, count in counts.items()]
        return self._steps[states]

    def _fork(self, targets: list[int]) -> int:
        state = self.state()
        self._empty[state] = targets
        return state


def _kinds(sets: set[frozenset[str]]) -> dict[frozenset[str], dict[int, int]]:
    """Characters in the same sets are of one kind. For each set its kinds, and how many characters each has."""
    numbered = list(sets)
    members: dict[tuple[int, ...], int] = defaultdict(int)
    for character in frozenset[str]().union(*numbered):
        members[tuple(place for place, allowed in enumerate(numbered) if character in allowed)] += 1
    found: dict[frozenset[str], dict[int, int]] = {allowed: {} for allowed in numbered}
    for kind, (places, count) in enumerate(members.items()):
        for place in places:
            found[numbered[place]][kind] = count
    return found
