"""Finds the shapes of texts: where they have digits, capital and small letters, and which other characters.

Texts of one shape are divided further by the words in them, such as the colours in X100-BLUE, where the words are few.
"""

import heapq
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counting
from itertools import groupby
from math import prod

import numpy as np
from numpy.typing import NDArray

_LONGEST = 64
"""Texts of more characters have no shape."""

_MOST_GROUPS = 256
_MOST_WORDS = 24
_WORDS_SHARE = 0.98
"""So many rows of a group have to have one of the words that divide it."""

_FINE_SHARE = 0.9
_FINE_SHAPES = 8
"""Letters and digits are one class if shapes that tell them apart have fewer rows than this share of those that do not,
or are so many times more."""

_CLASSES = (string.digits, string.ascii_uppercase, string.ascii_lowercase)
_ASCII = 128
_FIRST_CLASS = 0x11_0000
"""Classes are numbered from here on: behind all code points."""

_FINE = np.zeros(_ASCII, np.uint32)
_COARSE = np.zeros(_ASCII, np.uint32)
for _number, _class in enumerate(_CLASSES):
    _FINE[[ord(_each) for _each in _class]] = _FIRST_CLASS + _number
    _COARSE[[ord(_each) for _each in _class]] = _FIRST_CLASS + len(_CLASSES)


@dataclass(frozen=True)
class Group:
    """Distinct texts of one shape.

    Attributes:
        characters: uint32 [n, places], code points.
        rows: int64 [n]: how many rows have each text.
        runs: Where runs of letters or digits begin and end that may divide it.
    """

    characters: NDArray[np.uint32]
    rows: NDArray[np.int64]
    runs: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """How many rows it has."""
        return int(self.rows.sum())

    def take(self, chosen: NDArray[np.bool_], runs: tuple[tuple[int, int], ...]) -> "Group":
        """Some texts of it."""
        return Group(self.characters[chosen], self.rows[chosen], runs)


def by_length(texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """Texts as code points.

    Yields:
        For each length up to 64 the indices of its texts, [n], and their characters, [n, length]. Texts with a NUL
        are left out.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in np.unique(lengths[(lengths > 0) & (lengths <= _LONGEST)]).tolist():
        places = np.flatnonzero(lengths == length)
        strings = np.array([texts[place] for place in places.tolist()], f"U{length}")
        characters = strings.view(np.uint32).reshape(len(places), length)
        good = characters.all(axis=1)
        yield places[good], characters[good]


def groups(texts: Sequence[str], rows: NDArray[np.int64], min_rows: int) -> list[Group]:
    """Groups texts by their shapes, each of which has at least `min_rows` rows.

    Args:
        texts: Distinct texts.
        rows: How many rows have each text, [n].
        min_rows: How many rows a shape, and a word that divides it, has to have.
    """
    characters = [(found, rows[places]) for places, found in by_length(texts)]
    fine, coarse = (
        [group for each, counts in characters for group in _of_shapes(each, counts, classes, min_rows)]
        for classes in (_FINE, _COARSE)
    )
    enough = sum(each.total for each in fine) >= _FINE_SHARE * sum(each.total for each in coarse)
    found = fine if enough and len(fine) <= _FINE_SHAPES * len(coarse) else coarse
    return _divided(sorted(found, key=lambda each: -each.total)[:_MOST_GROUPS], min_rows)


def alphabet(characters: NDArray[np.uint32]) -> str:
    """The classes of letters and digits that characters, [n], are of."""
    return "".join(each for each in _CLASSES if np.isin(characters, [ord(one) for one in each]).any())


def _of_shapes(
    characters: NDArray[np.uint32], rows: NDArray[np.int64], classes: NDArray[np.uint32], min_rows: int
) -> Iterator[Group]:
    """Groups texts of one length by their shapes."""
    known = np.where(characters < _ASCII, classes[np.minimum(characters, _ASCII - 1)], 0)
    shapes, shape_of = np.unique(np.where(known > 0, known, characters), axis=0, return_inverse=True)
    shape_of = shape_of.reshape(-1)
    counts = np.bincount(shape_of, rows, len(shapes))
    order = np.argsort(shape_of, kind="stable")
    ends = np.cumsum(np.bincount(shape_of, minlength=len(shapes)))
    for shape in np.flatnonzero(counts >= min_rows).tolist():
        here = order[ends[shape - 1] if shape else 0 : ends[shape]]
        yield Group(characters[here], rows[here], _runs(shapes[shape]))


def _runs(shape: NDArray[np.uint32]) -> tuple[tuple[int, int], ...]:
    """Where a shape has letters or digits, letters first."""
    found, place = [], 0
    for kind, run in groupby(shape.tolist()):
        length = len(list(run))
        if kind >= _FIRST_CLASS:
            found.append((kind == _FIRST_CLASS, place, place + length))
        place += length
    return tuple((start, end) for _, start, end in sorted(found))


def _divided(found: list[Group], min_rows: int) -> list[Group]:
    """Divides groups by words, the largest first."""
    done: list[Group] = []
    numbers = counting()
    waiting = [(-each.total, next(numbers), each) for each in found]
    heapq.heapify(waiting)
    while waiting:
        _, _, group = heapq.heappop(waiting)
        parts = next((parts for run in group.runs if (parts := _by_word(group, run, min_rows))), [])
        if not parts or len(done) + len(waiting) + len(parts) > _MOST_GROUPS:
            done.append(group)
            continue
        for each in parts:
            heapq.heappush(waiting, (-each.total, next(numbers), each))
    return done


def _by_word(group: Group, run: tuple[int, int], min_rows: int) -> list[Group]:
    """Divides a group by the words of a run; no parts where there are one or many."""
    places = group.characters[:, run[0] : run[1]]
    words, word_of = np.unique(places, axis=0, return_inverse=True)
    word_of = word_of.reshape(-1)
    rows = np.bincount(word_of, group.rows, len(words))
    frequent = np.flatnonzero(rows >= min_rows)
    if not 2 <= len(frequent) <= _MOST_WORDS or rows[frequent].sum() < _WORDS_SHARE * group.total:
        return []
    possible = prod(len(alphabet(places[:, place])) for place in range(places.shape[1]))
    if 2 * len(frequent) > possible:  # such as all ten digits: characters rather than words
        return []
    rest = tuple(each for each in group.runs if each != run)
    return [group.take(word_of == word, rest) for word in frequent.tolist()]
