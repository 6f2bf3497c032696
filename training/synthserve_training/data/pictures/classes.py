"""The classes that labels make: those of few pictures are joined."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.pictures.problems import Problems

OTHER = "other"
"""The class that holds the pictures of all classes that are too small."""

LEAST_OF_CLASS = 10
"""Pictures that a class has at least, unless the user says otherwise: no name of fewer is published."""


@dataclass(frozen=True)
class Classes:
    """Pictures by class.

    Attributes:
        names: Of the classes, in their natural order.
        codes: int64 [n]: the class of each picture.
        joined: The labels of the classes that were joined, and how many pictures each has.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]
    joined: dict[str, int]


def classes(labels: Sequence[str], least: int) -> Classes:
    """Makes classes of labels.

    Args:
        labels: Of each picture.
        least: Classes of fewer pictures are joined as `other`.
    """
    counts = Counter(labels)
    joined = {label: count for label, count in counts.items() if count < least}
    names = sorted(counts.keys() - joined.keys(), key=natural)
    if joined and OTHER not in names:
        names.append(OTHER)
    code = {name: number for number, name in enumerate(names)}
    codes = np.fromiter((code.get(label, code.get(OTHER, -1)) for label in labels), np.int64, len(labels))
    return Classes(tuple(names), codes, joined)


def note_joined(joined: Mapping[str, int], least: int, problems: Problems) -> None:
    """Lists the classes that are joined.

    Args:
        joined: Their labels, and how many pictures each has.
        least: How many a class must have.
        problems: Gets them.
    """
    for label, count in joined.items():
        problems.add(
            f"class {label} ({count})",
            f'classes of fewer than {least} pictures are joined as "{OTHER}": add pictures, or set min_class',
            left_out=False,
        )


def natural(label: str) -> tuple[int, int, str]:
    """Orders numbers by value, before all other labels."""
    return (0, int(label), label) if label.isdecimal() and label.isascii() else (1, 0, label)
