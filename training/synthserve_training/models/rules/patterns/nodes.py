"""The nodes of patterns. Each makes a text from uniform numbers, or from a number: its place in the pattern's texts."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np

from synthserve_training.models.onnx_graph import Value
from synthserve_training.models.rules import texts, whole
from synthserve_training.models.rules.scope import Scope
from synthserve_training.models.rules.texts import Gaps, Text

Weights: TypeAlias = tuple[float, ...] | None
"""How likely each choice is; None: equally."""


class Pattern(Protocol):
    """A set of texts."""

    @property
    def size(self) -> int:
        """How many ways there are to make a text; as many as texts unless one text is made in several ways."""
        ...

    @property
    def width(self) -> int:
        """The most bytes of a text."""
        ...

    @property
    def uniforms(self) -> int:
        """How many uniform numbers `drawn` takes."""
        ...

    def drawn(self, scope: Scope) -> Text:
        """A random text: each choice in it is made on its own."""
        ...

    def coded(self, scope: Scope, code: Value) -> Text:
        """The text of a place, float64 [batch], from 0 to before `size`, which is at most 2^52."""
        ...


@dataclass(frozen=True)
class Listed:
    """A list of texts."""

    texts: tuple[str, ...]
    weights: Weights = None

    @property
    def size(self) -> int:
        """See Pattern."""
        return len(self.texts)

    @cached_property
    def width(self) -> int:
        """See Pattern."""
        return max(1, *(len(text.encode()) for text in self.texts))

    @property
    def uniforms(self) -> int:
        """See Pattern."""
        return int(self.size > 1)

    def index(self, scope: Scope) -> Value:
        """A random place in the list, int32 [batch]."""
        return whole.chosen(scope.graph, scope.uniform(), self.size, self.weights)

    def drawn(self, scope: Scope) -> Text:
        """See Pattern."""
        if self.size == 1:
            return texts.literal(scope, self.texts[0])
        return texts.picked(scope.graph, self.texts, self.index(scope))

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern."""
        if self.size == 1:
            return texts.literal(scope, self.texts[0])
        return texts.picked(scope.graph, self.texts, scope.graph.cast(code, np.int32))


NOTHING = Listed(("",))
"""The empty text."""


@dataclass(frozen=True)
class Chain:
    """One pattern behind the other."""

    parts: tuple[Pattern, ...]

    @cached_property
    def size(self) -> int:
        """See Pattern."""
        return math.prod(part.size for part in self.parts)

    @property
    def width(self) -> int:
        """See Pattern."""
        return sum(part.width for part in self.parts)

    @property
    def uniforms(self) -> int:
        """See Pattern."""
        return sum(part.uniforms for part in self.parts)

    def drawn(self, scope: Scope) -> Text:
        """See Pattern."""
        return texts.joined(scope.graph, [part.drawn(scope) for part in self.parts])

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern: a number of mixed radix, whose last digit is the place in the last part."""
        return texts.joined(scope.graph, coded_parts(scope, self.parts, code))


@dataclass(frozen=True)
class Either:
    """One of several patterns."""

    options: tuple[Pattern, ...]
    weights: Weights = None

    @cached_property
    def size(self) -> int:
        """See Pattern."""
        return sum(option.size for option in self.options)

    @cached_property
    def width(self) -> int:
        """See Pattern."""
        return max(option.width for option in self.options)

    @property
    def uniforms(self) -> int:
        """See Pattern. The options share the numbers, as only one of them is used."""
        return 1 + sum(option.uniforms for option in self.options)

    def drawn(self, scope: Scope) -> Text:
        """See Pattern."""
        choice = whole.chosen(scope.graph, scope.uniform(), len(self.options), self.weights)
        return texts.selected(scope, [option.drawn(scope) for option in self.options], choice)

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern: the places of the first option, then those of the second one, and so on."""
        choice, rest = _segment(scope, code, [option.size for option in self.options])
        made = []
        for option in self.options:
            # Where another option is chosen, the place is of no use, but it has to be one.
            place = scope.graph.op("Min", rest, whole.number(scope.graph, option.size - 1))
            made.append(option.coded(scope, place))
        return texts.selected(scope, made, choice)


@dataclass(frozen=True)
class Repeated:
    """A pattern, from `low` to `high` times."""

    part: Pattern
    low: int
    high: int

    @cached_property
    def size(self) -> int:
        """See Pattern."""
        return sum(self._sizes)

    @property
    def width(self) -> int:
        """See Pattern."""
        return self.part.width * self.high

    @property
    def uniforms(self) -> int:
        """See Pattern."""
        return self.part.uniforms * self.high + (self.low < self.high)

    def drawn(self, scope: Scope) -> Text:
        """See Pattern. Each number of repetitions is equally likely."""
        graph, count = scope.graph, None
        if self.low < self.high:
            count = whole.chosen(graph, scope.uniform(), self.high - self.low + 1)
        if isinstance(self.part, Listed) and self.part.size > 1:
            index = whole.chosen(graph, scope.several(self.high), self.part.size, self.part.weights)
            made = self._looked_up(scope, self.part, index)
        else:
            made = texts.joined(graph, [self.part.drawn(scope) for _ in range(self.high)])
        return self._cut(scope, made, count)

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern: short texts first."""
        graph, count = scope.graph, None
        if self.low < self.high:
            count, code = _segment(scope, code, self._sizes)
        # A text of n repetitions has its digits in the first n places, the last digit first.
        made = []
        for left in range(self.high, 0, -1):
            code, digit = whole.divided(graph, code, self.part.size) if left > 1 else (code, code)
            made.append(self.part.coded(scope, digit))
        return self._cut(scope, texts.joined(graph, made), count)

    @cached_property
    def _sizes(self) -> list[int]:
        return [self.part.size**count for count in range(self.low, self.high + 1)]

    def _looked_up(self, scope: Scope, part: Listed, index: Value) -> Text:
        """The texts of all repetitions at once: int32 [batch, high]."""
        found = scope.graph.op("Gather", scope.graph.constant(texts.table(part.texts)), index)
        flat = scope.graph.op("Reshape", found, scope.graph.constant([-1, self.width], np.int64))
        ragged = texts.gaps_of(part.texts) is not Gaps.NONE
        return Text(flat, self.width, Gaps.ANYWHERE if ragged else Gaps.NONE)

    def _cut(self, scope: Scope, text: Text, extra: Value | None) -> Text:
        """Keeps `low` repetitions and the extra ones, int32 [batch]."""
        if extra is None:
            return text
        graph = scope.graph
        kept = graph.op("Unsqueeze", extra, graph.constant([1], np.int64))
        places = np.arange(self.width, dtype=np.int32)[None] // self.part.width - self.low
        value = graph.op(
            "Where", graph.op("Less", graph.constant(places), kept), text.value, graph.constant(0, np.uint8)
        )
        return Text(value, text.width, max(text.gaps, Gaps.END))


@dataclass(frozen=True)
class Slotted:
    """One of several chains of lists. The lists at the same place of the chains are one list in the graph.

    Attributes:
        chains: The chains, of the same length.
        weights: How likely each chain is.
    """

    chains: tuple[tuple[Listed, ...], ...]
    weights: Weights = None

    @classmethod
    def of(cls, options: Sequence[Pattern], weights: Weights) -> "Slotted | None":
        """One of several patterns; None if one of them is no chain of lists."""
        chains = []
        for option in options:
            parts = option.parts if isinstance(option, Chain) else (option,)
            lists = [part for part in parts if isinstance(part, Listed)]
            if len(lists) < len(parts):
                return None
            chains.append(lists)
        return cls.of_chains(chains, weights)

    @classmethod
    def of_chains(cls, chains: Sequence[Sequence[Listed]], weights: Weights = None) -> "Slotted":
        """One of several chains of any lengths."""
        most = max(map(len, chains))
        return cls(tuple((*lists, *[NOTHING] * (most - len(lists))) for lists in chains), weights)

    @cached_property
    def size(self) -> int:
        """See Pattern."""
        return sum(self._sizes)

    @cached_property
    def width(self) -> int:
        """See Pattern."""
        return sum(max(one.width for one in lists) for lists in self._slots)

    @property
    def uniforms(self) -> int:
        """See Pattern."""
        return 1 + self.uniforms_of_choice

    @cached_property
    def uniforms_of_choice(self) -> int:
        """How many uniform numbers `drawn_of` takes."""
        return sum(any(one.size > 1 for one in lists) for lists in self._slots)

    def drawn(self, scope: Scope) -> Text:
        """See Pattern."""
        return self.drawn_of(scope, whole.chosen(scope.graph, scope.uniform(), len(self.chains), self.weights))

    def drawn_of(self, scope: Scope, choice: Value) -> Text:
        """A random text of a chosen chain, int32 or int64 [batch]."""
        made = []
        for lists in self._slots:
            pool = whole.Pool.of([(one.texts, one.weights) for one in lists])
            index = pool.chosen(scope.graph, choice, scope.uniform() if pool.varies else None)
            made.append(texts.picked(scope.graph, pool.entries, index))
        return texts.joined(scope.graph, made)

    def coded(self, scope: Scope, code: Value) -> Text:
        """See Pattern: the places of the first chain, then those of the second one, and so on."""
        graph, made = scope.graph, []
        choice, code = _segment(scope, code, self._sizes)
        for lists in reversed(self._slots):
            pool = whole.Pool.of([(one.texts, None) for one in lists])
            sizes = graph.op("Gather", graph.constant([one.size for one in lists], np.float64), choice)
            code, digit = whole.divided(graph, code, sizes)
            made.append(texts.picked(graph, pool.entries, pool.at(graph, choice, digit)))
        return texts.joined(graph, made[::-1])

    @property
    def _slots(self) -> list[tuple[Listed, ...]]:
        return list(zip(*self.chains, strict=True))

    @cached_property
    def _sizes(self) -> list[int]:
        return [math.prod(one.size for one in chain) for chain in self.chains]


def coded_parts(scope: Scope, parts: Sequence[Pattern], code: Value) -> list[Text]:
    """The texts of parts whose places are the digits of a number of mixed radix, float64 [batch]."""
    made = []
    first = next((place for place, part in enumerate(parts) if part.size > 1), 0)
    for place in range(len(parts) - 1, -1, -1):
        digit = code
        if place > first and parts[place].size > 1:
            code, digit = whole.divided(scope.graph, code, parts[place].size)
        made.append(parts[place].coded(scope, digit))
    return made[::-1]


def _segment(scope: Scope, code: Value, sizes: Sequence[int]) -> tuple[Value, Value]:
    """In which of several segments a place is, int32 [batch], and its place there, float64 [batch]."""
    graph = scope.graph
    ends = list(itertools.accumulate(sizes))
    column = graph.op("Unsqueeze", code, graph.constant([1], np.int64))
    passed = graph.cast(graph.op("GreaterOrEqual", column, graph.constant([ends[:-1]], np.float64)), np.int32)
    choice = graph.sum(passed, 1)
    start = graph.op("Gather", graph.constant([0, *ends[:-1]], np.float64), choice)
    return choice, graph.op("Sub", code, start)
