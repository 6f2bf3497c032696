"""Makes numbers with check digits in a graph."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve.v1 import schema_pb2
from synthserve_training.models.onnx_graph import Value
from synthserve_training.models.rules import texts, whole
from synthserve_training.models.rules.checks.machines import Machine
from synthserve_training.models.rules.contract import Output
from synthserve_training.models.rules.patterns import syntax
from synthserve_training.models.rules.patterns.nodes import Chain, Listed, Pattern, Repeated
from synthserve_training.models.rules.permutation import LARGEST, Permutation
from synthserve_training.models.rules.scope import Scope
from synthserve_training.models.rules.texts import Text


@dataclass(frozen=True)
class Check:
    """Check characters.

    Attributes:
        machine: Computes them. If no number has some of its states, its last group is one character, chosen so that
            none of them is reached.
        reads: What it reads, in that order: groups of the format, and behind their numbers those of its earlier checks.
    """

    machine: Machine
    reads: tuple[int, ...]


@dataclass(frozen=True)
class Format:
    """Numbers with check characters.

    Attributes:
        groups: Regular expressions, each with texts of one length: the characters that are drawn.
        checks: The check characters.
        layout: The order of groups and, behind their numbers, checks; texts are literal.
    """

    groups: tuple[str, ...]
    checks: tuple[Check, ...]
    layout: tuple[int | str, ...]


@dataclass(frozen=True)
class _Piece:
    """Texts of one length, of which one was chosen: index int32 [batch], None if there is one."""

    texts: tuple[str, ...]
    index: Value | None

    def text(self, scope: Scope) -> Text:
        """The texts in the graph."""
        return (
            texts.literal(scope, self.texts[0])
            if self.index is None
            else texts.picked(scope.graph, self.texts, self.index)
        )


@dataclass(frozen=True)
class CheckedNumbers:
    """Numbers of a format: random ones, or each row another one."""

    format: Format
    permutation: Permutation | None = None

    @cached_property
    def size(self) -> int:
        """How many numbers a permutation of the index reaches, at most `LARGEST`; what is left is drawn."""
        return math.prod(size for size, is_coded in zip(self._sizes, self._coded, strict=True) if is_coded)

    @property
    def uniforms(self) -> int:
        """See Maker."""
        drawn = self._sizes if self.permutation is None else self._drawn_sizes
        return sum(size > 1 for size in drawn)

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
        width = sum(len(part) if isinstance(part, str) else self._width(part) for part in self.format.layout)
        return schema_pb2.Column(name=name, type=schema_pb2.COLUMN_TYPE_STRING, max_bytes=width)

    def make(self, scope: Scope) -> Output:
        """See Maker."""
        graph = scope.graph
        indices = self._indices(scope)
        pieces: list[list[_Piece]] = []
        for number, parts in enumerate(self._groups):
            made = []
            for part in parts:
                index = next(indices)
                if number in self._steered:
                    index = self._steered_index(scope, self._steered[number], pieces, index)
                made.append(_Piece(part.texts, index))
            pieces.append(made)
        for check in self.format.checks:
            state = _state(scope, check.machine, [piece for number in check.reads for piece in pieces[number]])
            written = [check.machine.finish(each) or "" for each in range(check.machine.states)]
            distinct = tuple(sorted({text for text in written if text}))
            index = graph.op(
                "Gather", graph.constant([distinct.index(text) if text else 0 for text in written], np.int32), state
            )
            pieces.append([_Piece(distinct, index)])
        laid_out = []
        for item in self.format.layout:
            if isinstance(item, str):
                laid_out.append(texts.literal(scope, item))
            else:
                laid_out += [piece.text(scope) for piece in pieces[item]]
        return Output(texts.closed(graph, texts.joined(graph, laid_out)).value)

    @cached_property
    def _groups(self) -> list[list[Listed]]:
        return [_lists(syntax.compiled(syntax.parsed(group))) for group in self.format.groups]

    @cached_property
    def _steered(self) -> dict[int, Check]:
        """The groups that keep a machine from states that no number has."""
        return {
            check.reads[-1]: check
            for check in self.format.checks
            if any(check.machine.finish(state) is None for state in range(check.machine.states))
        }

    @cached_property
    def _sizes(self) -> list[int]:
        """How many choices each list of each group has."""
        sizes = []
        for number, parts in enumerate(self._groups):
            check = self._steered.get(number)
            sizes += [self._allowed(check).shape[1]] if check else [part.size for part in parts]
        return sizes

    @cached_property
    def _coded(self) -> list[bool]:
        """Which choices come from the index of the row, where numbers are unique."""
        coded, size = [], 1
        for each in self._sizes:
            coded.append(size * each <= LARGEST)
            size *= each if coded[-1] else 1
        return coded

    @property
    def _drawn_sizes(self) -> list[int]:
        return [size for size, is_coded in zip(self._sizes, self._coded, strict=True) if not is_coded]

    def _indices(self, scope: Scope) -> Iterator[Value | None]:
        """The choice of each list, int32 [batch]; None where there is one."""
        graph = scope.graph
        coded = [self.permutation is not None and each for each in self._coded]
        found: list[Value | None] = [None] * len(coded)
        code = self.permutation.apply(graph, scope.row.index) if self.permutation else None
        for place in range(len(coded) - 1, -1, -1):
            size = self._sizes[place]
            if size > 1 and coded[place] and code is not None:
                code, digit = whole.divided(graph, code, size)
                found[place] = graph.cast(digit, np.int32)
            elif size > 1:
                found[place] = whole.chosen(graph, scope.uniform(), size)
        return iter(found)

    def _steered_index(
        self, scope: Scope, check: Check, pieces: Sequence[Sequence[_Piece]], index: Value | None
    ) -> Value:
        """The character of a choice among those that a state allows, int32 [batch]."""
        graph, allowed = scope.graph, self._allowed(check)
        state = _state(scope, check.machine, [piece for number in check.reads[:-1] for piece in pieces[number]])
        cell = graph.op("Mul", state, graph.constant(allowed.shape[1], np.int32))
        cell = graph.op("Add", cell, index) if index else cell
        return graph.op("Gather", graph.constant(allowed.ravel()), cell)

    def _allowed(self, check: Check) -> NDArray[np.int32]:
        """For each state before its last character, the characters that lead to numbers: int32 [states, choices]."""
        (last,) = self._groups[check.reads[-1]]
        place = sum(self._width(number) for number in check.reads[:-1])
        following = _following(check.machine, last.texts, place)
        rows = []
        for state in range(check.machine.states):
            allowed = [j for j, end in enumerate(following[state]) if check.machine.finish(int(end)) is not None]
            turn = state % len(allowed)  # where more are allowed than needed, each is left out in some states
            rows.append(allowed[turn:] + allowed[:turn])
        return np.array([row[: min(map(len, rows))] for row in rows], np.int32)

    def _width(self, number: int) -> int:
        """The characters of a group or, behind their numbers, of a check."""
        if number < len(self._groups):
            return sum(part.width for part in self._groups[number])
        machine = self.format.checks[number - len(self._groups)].machine
        return max(len(machine.finish(state) or "") for state in range(machine.states))


def _lists(pattern: Pattern) -> list[Listed]:
    """The lists whose texts, one behind the other, make a text of a pattern; each has texts of one length."""
    match pattern:
        case Listed():
            return [pattern]
        case Repeated(part, low, high) if low == high:
            return _lists(part) * high
        case Chain(parts):
            return [one for part in parts for one in _lists(part)]
    raise AssertionError("a group has texts of several lengths, or too many alternatives")


def _state(scope: Scope, machine: Machine, pieces: Sequence[_Piece]) -> Value:
    """The state of a machine that read some pieces, int32 [batch]."""
    graph, place = scope.graph, 0
    state: Value | None = None
    for piece in pieces:
        following = _following(machine, piece.texts, place)
        place += len(piece.texts[0])
        if state is None:
            cell, table = piece.index, following[machine.start]
        else:
            cell = graph.op("Mul", state, graph.constant(len(piece.texts), np.int32))
            cell, table = graph.op("Add", cell, piece.index) if piece.index else cell, following.ravel()
        if cell is None:
            cell = graph.op("Expand", graph.constant([0], np.int32), scope.batch)
        state = graph.cast(graph.op("Gather", graph.constant(table, np.uint8), cell), np.int32)
    if state is None:
        raise AssertionError("a check reads nothing")
    return state


def _following(machine: Machine, words: Sequence[str], place: int) -> NDArray[np.int64]:
    """The state behind each word by the state before it, int64 [states, words]."""
    every = np.arange(machine.states)
    states = np.tile(every, (len(words), 1))
    for at, column in enumerate(zip(*words, strict=True)):
        characters = sorted(set(column))
        steps = np.stack([machine.step(every, one, place + at) for one in characters])
        places = {one: number for number, one in enumerate(characters)}
        states = steps[np.array([places[one] for one in column])[:, None], states]
    return states.T
