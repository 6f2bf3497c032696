"""A keyed permutation of 0 … size - 1, which turns the index of a row into a key that no other row has.

A Feistel network over Z_a x Z_b with additions (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002)
permutes a * b numbers. Where a * b is larger than the size, a number that leaves the domain walks on until it is back.
Few numbers do, as a and b are chosen so that a * b is hardly larger. Where each such walk ends is computed at export.
This is no cipher: it hides the order of the rows from the eye, not from an attacker.
"""

import hashlib
import math
import random
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import whole

_TABLE = 4096
"""Domains of up to so many numbers are stored as a list."""

LARGEST = 10**15
"""The largest size: the arithmetic stays below 2^52 with it."""

_ROUNDS = 6

_PRIME = 2**26 - 5
"""Modulus of the round function; the products in it stay below 2^52."""

_LARGEST_SIDE = 2**26 - 1

_CANDIDATES = 1 << 16


@dataclass(frozen=True)
class Permutation:
    """A permutation.

    Attributes:
        size: How many numbers it permutes, at most `LARGEST`.
        key: Each key makes another one.
    """

    size: int
    key: str

    def apply(self, graph: GraphBuilder, index: Value) -> Value:
        """Permutes the indices of rows modulo the size: int64 [batch], at least 0, to float64 [batch]."""
        value = whole.remainder_of_index(graph, index, self.size)
        if self.size <= _TABLE:
            return graph.op("Gather", graph.constant(self._list, np.float64), graph.cast(value, np.int32))
        (a, b), ends = self._sides, self._ends
        left, right = whole.divided(graph, value, b)
        for number in range(_ROUNDS):
            if number % 2 == 0:
                left = _added(graph, left, self._mixed(graph, right, number, a), a)
            else:
                right = _added(graph, right, self._mixed(graph, left, number, b), b)
        result = graph.op("Add", graph.op("Mul", left, whole.number(graph, b)), right)
        if not ends:
            return result
        outside = graph.op("Sub", result, whole.number(graph, self.size))
        end = graph.op("Gather", graph.constant(ends, np.float64), graph.cast(_at_least_0(graph, outside), np.int32))
        return graph.op("Where", graph.op("Less", result, whole.number(graph, self.size)), result, end)

    def __getitem__(self, index: int) -> int:
        """Permutes one number."""
        if self.size <= _TABLE:
            return self._list[index]
        value = self._stepped(index)
        while value >= self.size:
            value = self._stepped(value)
        return value

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(hashlib.sha256(self.key.encode()).digest())  # noqa: S311 - hides nothing

    @cached_property
    def _list(self) -> list[int]:
        return self._random.sample(range(self.size), self.size)

    @cached_property
    def _keys(self) -> list[tuple[int, int, int]]:
        draw = self._random.randrange
        return [(draw(2**24, 2**25), draw(_PRIME), draw(_PRIME)) for _ in range(_ROUNDS)]

    @cached_property
    def _sides(self) -> tuple[int, int]:
        """The sizes of the two halves, whose product is at least the size, and hardly more."""
        largest = math.isqrt(self.size)
        smallest = max(1, largest // 2, -(-self.size // _LARGEST_SIDE), largest - _CANDIDATES)
        sides = np.arange(largest, smallest - 1, -1, dtype=np.int64)
        a = int(sides[np.argmin(-self.size % sides)])
        return a, -(-self.size // a)

    @cached_property
    def _ends(self) -> list[int]:
        """Where the walk of each number outside of the domain ends."""
        a, b = self._sides
        return [self[number] for number in range(self.size, a * b)]

    def _mixed(self, graph: GraphBuilder, half: Value, number: int, size: int) -> Value:
        """The round function: a number below `size` that depends on the other half."""
        factor, addend, second = self._keys[number]
        line = graph.op("Add", graph.op("Mul", half, whole.number(graph, factor)), whole.number(graph, addend))
        _, line = whole.divided(graph, line, _PRIME)
        square = graph.op("Add", graph.op("Mul", line, line), whole.number(graph, second))
        _, square = whole.divided(graph, square, _PRIME)
        return whole.divided(graph, graph.op("Mul", square, whole.number(graph, size)), _PRIME)[0]

    def _stepped(self, value: int) -> int:
        a, b = self._sides
        left, right = divmod(value, b)
        for number, (factor, addend, second) in enumerate(self._keys):
            half, size = (right, a) if number % 2 == 0 else (left, b)
            mixed = (((half * factor + addend) % _PRIME) ** 2 + second) % _PRIME * size // _PRIME
            if number % 2 == 0:
                left = (left + mixed) % a
            else:
                right = (right + mixed) % b
        return left * b + right


def _added(graph: GraphBuilder, left: Value, right: Value, modulus: int) -> Value:
    """The sum of two numbers below a modulus, modulo it."""
    total, constant = graph.op("Add", left, right), whole.number(graph, modulus)
    return graph.op("Where", graph.op("Less", total, constant), total, graph.op("Sub", total, constant))


def _at_least_0(graph: GraphBuilder, value: Value) -> Value:
    return graph.op("Max", value, whole.number(graph, 0))
