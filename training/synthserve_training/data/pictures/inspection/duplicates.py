"""Finds pictures that are copies of others: exact ones, and those of another size or compression."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BANDS, _BAND_BITS = 4, 16
_MOST_BITS = _BANDS - 1
"""Hashes of copies differ in at most so many bits. So one of four bands of 16 bits is the same in both."""

_MEAN_LEVELS, _MOST_LEVELS = 3.0, 24
"""How far miniatures of copies differ at most: on average, and in one place."""

_WINDOW = 64
"""How many pictures of the same band and nearest brightness each one is compared with."""


@dataclass(frozen=True)
class Duplicates:
    """Groups of equal pictures, by their indices; the first of each is the original.

    Attributes:
        exact: Of the same content.
        near: Of nearly the same look, without exact copies.
    """

    exact: tuple[tuple[int, ...], ...]
    near: tuple[tuple[int, ...], ...]


def find(digests: Sequence[bytes], hashes: NDArray[np.uint64], small: NDArray[np.uint8]) -> Duplicates:
    """Finds copies.

    Args:
        digests: Of the content of each picture.
        hashes: Their perceptual hashes, [n].
        small: Their miniatures, [n, side, side].
    """
    by_digest = defaultdict(list)
    for index, digest in enumerate(digests):
        by_digest[digest].append(index)
    originals = np.array([group[0] for group in by_digest.values()], np.int64)
    groups = _Groups()
    for one, two in _near_pairs(hashes[originals], small[originals]):
        groups.join(int(originals[one]), int(originals[two]))
    return Duplicates(
        exact=tuple(tuple(group) for group in by_digest.values() if len(group) > 1),
        near=tuple(groups),
    )


def _near_pairs(hashes: NDArray[np.uint64], small: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    flat = small.reshape(len(small), -1)
    brightness = flat.mean(axis=1)
    for band in range(_BANDS):
        part = (hashes >> np.uint64(band * _BAND_BITS)) & np.uint64(2**_BAND_BITS - 1)
        order = np.lexsort((brightness, part))
        for step in range(1, min(_WINDOW, len(order) - 1) + 1):
            one, two = order[:-step], order[step:]
            likely = (part[one] == part[two]) & (brightness[two] - brightness[one] <= _MEAN_LEVELS)
            if not likely.any():
                break
            one, two = one[likely], two[likely]
            likely = np.bitwise_count(hashes[one] ^ hashes[two]) <= _MOST_BITS
            one, two = one[likely], two[likely]
            difference = np.abs(flat[one].astype(np.int16) - flat[two])
            same = (difference.mean(axis=1) <= _MEAN_LEVELS) & (difference.max(axis=1, initial=0) <= _MOST_LEVELS)
            yield from zip(one[same].tolist(), two[same].tolist(), strict=True)


class _Groups:
    """Groups of what was joined."""

    def __init__(self) -> None:
        self._group: dict[int, set[int]] = {}

    def join(self, one: int, two: int) -> None:
        """Puts the groups of two together."""
        first, second = self._group.setdefault(one, {one}), self._group.setdefault(two, {two})
        if first is second:
            return
        first |= second
        for member in second:
            self._group[member] = first

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """The groups, each sorted, by their first members."""
        return iter(sorted({id(group): tuple(sorted(group)) for group in self._group.values()}.values()))
