"""Inspects a source of pictures, in one pass."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from synthserve_training.data.pictures import passes
from synthserve_training.data.pictures.classes import LEAST_OF_CLASS, note_joined
from synthserve_training.data.pictures.inspection import duplicates, proposing
from synthserve_training.data.pictures.inspection.duplicates import Duplicates
from synthserve_training.data.pictures.inspection.glances import SMALL, Glance, look
from synthserve_training.data.pictures.inspection.proposing import Proposal
from synthserve_training.data.pictures.inspection.shown import Shown
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import Source
from synthserve_training.errors import DatasetError
from synthserve_training.types import Progress, no_progress

_DETAIL = 96
"""The shortest side that pictures are decoded with, where a JPEG can be decoded at a part of its size."""


@dataclass(frozen=True)
class PictureInspection:
    """What was understood of a source of pictures.

    Attributes:
        address: Of the source.
        kind: What it is, in words.
        labelled_by: What the labels are, in words; None: there are none.
        names: Of the pictures that can be used, in the order of the source.
        labels: How many pictures have each label; empty: there are none.
        sizes: How many pictures have a width and a height.
        formats: How many pictures are of each format.
        coloured: How many have colours.
        transparent: How many have transparent parts.
        duplicates: Copies, by indices of `names`.
        contradictions: Groups of exact copies with different labels.
        problems: What is left out or lost.
        proposal: How to read the pictures.
        shown: Some of the pictures, for a contact sheet.
    """

    address: str
    kind: str
    labelled_by: str | None
    names: tuple[str, ...]
    labels: Counter[str]
    sizes: Counter[tuple[int, int]]
    formats: Counter[str]
    coloured: int
    transparent: int
    duplicates: Duplicates
    contradictions: tuple[tuple[int, ...], ...]
    problems: Problems
    proposal: Proposal
    shown: Shown

    @property
    def count(self) -> int:
        """How many pictures can be used."""
        return len(self.names)

    @property
    def all_equal(self) -> bool:
        """Whether all pictures are copies of one."""
        return any(len(group) == self.count for group in self.duplicates.exact)


def inspect(source: Source, progress: Progress = no_progress) -> PictureInspection:
    """Looks at all pictures of a source. What is kept of each are some hundred bytes.

    Args:
        source: The pictures.
        progress: Is told how many pictures are done.

    Raises:
        DatasetError: No picture can be used.
    """
    problems, shown = Problems(), Shown()
    sizes, formats, traits = Counter[tuple[int, int]](), Counter[str](), Counter[str]()
    names: list[str] = []
    labels: list[str | None] = []
    digests: list[bytes] = []
    hashes: list[int] = []
    small = bytearray()
    for made in passes.over(
        source, look, problems, least_side=_DETAIL, what="looking at the pictures", progress=progress
    ):
        glance = made.result
        names.append(made.stored.name)
        labels.append(made.stored.label)
        sizes[glance.size] += 1
        formats[glance.format or "pixels"] += 1
        traits.update(_traits(glance))
        digests.append(glance.digest)
        hashes.append(glance.hash)
        small += glance.small.tobytes()
        shown.add(made.stored.label, glance.thumbnail)
    if not names:
        raise DatasetError(f"{source.address}: {_none_usable(problems)}")
    counts = Counter(label for label in labels if label is not None)
    note_joined({label: count for label, count in counts.items() if count < LEAST_OF_CLASS}, LEAST_OF_CLASS, problems)
    miniatures = np.frombuffer(bytes(small), np.uint8).reshape(-1, SMALL, SMALL)
    found = duplicates.find(digests, np.array(hashes, np.uint64), miniatures)
    return PictureInspection(
        address=source.address,
        kind=source.kind,
        labelled_by=source.labelled_by,
        names=tuple(names),
        labels=counts,
        sizes=sizes,
        formats=formats,
        coloured=traits["colour"],
        transparent=traits["transparent"],
        duplicates=found,
        contradictions=tuple(group for group in found.exact if len({labels[index] for index in group}) > 1),
        problems=problems,
        proposal=proposing.propose(sizes, coloured=traits["colour"], dark=traits["dark"]),
        shown=shown,
    )


def _traits(glance: Glance) -> dict[str, int]:
    return {"colour": glance.colour, "transparent": glance.transparent, "dark": glance.dark_border}


def _none_usable(problems: Problems) -> str:
    first = next(iter(problems.lines()), "it holds no pictures")
    return f"none of its pictures can be used: {first}" if problems else first
