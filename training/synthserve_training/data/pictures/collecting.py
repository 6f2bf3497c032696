"""Puts the pictures of a source into one array, which lies in a file: memory does not grow with their number."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.pictures import passes
from synthserve_training.data.pictures.classes import classes, note_joined
from synthserve_training.data.pictures.decoding import Decoded
from synthserve_training.data.pictures.options import PictureOptions
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sizing import sized
from synthserve_training.data.pictures.sources import Source, Stored
from synthserve_training.errors import DatasetError
from synthserve_training.types import Progress

LEAST_PICTURES = 10
"""A model of fewer pictures would be a copy of them."""


@dataclass(frozen=True)
class PictureSet:
    """Pictures of one size.

    Attributes:
        pixels: uint8 [n, height, width, channels]; mapped from a file.
        codes: int64 [n]: the class of each; 0 where there are no labels.
        classes: The names of the classes; empty: there are no labels.
        problems: What was left out or lost.
    """

    pixels: NDArray[np.uint8]
    codes: NDArray[np.int64]
    classes: tuple[str, ...]
    problems: Problems


def collect(source: Source, options: PictureOptions, path: Path, progress: Progress) -> PictureSet:
    """Reads all pictures into a file.

    Args:
        source: The pictures.
        options: What is made of each.
        path: The file of pixels, written without a header.
        progress: Is told how many pictures are done.

    Raises:
        DatasetError: Too few can be used, or all are equal.
        OSError: The file cannot be written.
    """
    problems = Problems()
    with path.open("wb") as file:
        labels, all_equal = _write(source, options, file, problems, progress)
    check_learnable(source.address, len(labels), problems, all_equal=all_equal)
    channels = 1 if options.channels == "grey" else 3
    pixels = np.memmap(path, np.uint8, "r", shape=(len(labels), options.height, options.width, channels))
    if None in labels:
        return PictureSet(pixels, np.zeros(len(labels), np.int64), (), problems)
    found = classes([label for label in labels if label is not None], options.min_class)
    note_joined(found.joined, options.min_class, problems)
    if len(found.names) < 2:
        return PictureSet(pixels, np.zeros(len(labels), np.int64), (), problems)
    return PictureSet(pixels, found.codes, found.names, problems)


def _write(
    source: Source, options: PictureOptions, file: BinaryIO, problems: Problems, progress: Progress
) -> tuple[list[str | None], bool]:
    """Writes the pixels; returns the labels, and whether all pictures are equal."""
    height, width = options.height, options.width

    def make(_stored: Stored, decoded: Decoded) -> NDArray[np.uint8]:
        return sized(decoded.image, height, width, options.fit, options.channels, options.background)

    labels: list[str | None] = []
    first: NDArray[np.uint8] | None = None
    all_equal = True
    for made in passes.over(
        source, make, problems, least_side=max(height, width), what="reading the pictures", progress=progress
    ):
        file.write(np.ascontiguousarray(made.result).data)
        labels.append(made.stored.label)
        first = made.result if first is None else first
        all_equal = all_equal and np.array_equal(first, made.result)
    return labels, all_equal


def check_learnable(address: str, count: int, problems: Problems, *, all_equal: bool) -> None:
    """Checks that a model can learn from pictures.

    Args:
        address: Of the source.
        count: How many pictures can be used.
        problems: Why others cannot.
        all_equal: Whether they are copies of one.

    Raises:
        DatasetError: They are too few, or all equal.
    """
    if count < LEAST_PICTURES:
        left_out = f", and {problems.left_out:,} cannot: {problems.lines()[0]}" if problems.left_out else ""
        holds = f"{count} pictures that can" if count != 1 else "1 picture that can"
        raise DatasetError(
            f"{address} holds {holds} be used{left_out}. A model needs at least {LEAST_PICTURES}, and learns little of "
            "fewer than some hundreds: add pictures"
        )
    if all_equal:
        raise DatasetError(f"{address}: all {count:,} pictures are equal: there is nothing to learn")
