"""Where pictures come from: a module for each kind of source, and `opening`, which finds out the kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from synthserve_training.data.pictures.decoding import Encoded, Pixels
from synthserve_training.data.pictures.problems import Problems

NO_LABELS = "none"
"""What a user gives for labels where there shall be none."""


@dataclass(frozen=True)
class Stored:
    """A picture as it lies in a source.

    Attributes:
        name: What a user finds it by: the path below the source, or the number of the row.
        content: An encoded file, or pixels.
        label: Of the picture; None: the source has no labels.
    """

    name: str
    content: Encoded | Pixels
    label: str | None = None


class Source(Protocol):
    """Pictures, read one after the other."""

    @property
    def address(self) -> str:
        """Where it is, as the user named it."""
        ...

    @property
    def kind(self) -> str:
        """What it is, in words, such as `a folder`."""
        ...

    @property
    def labelled_by(self) -> str | None:
        """What the labels are, in words, such as `sub-folders`; None: there are none."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes where pictures or labels change. It is of names, sizes and times, not of contents."""
        ...

    def __len__(self) -> int:
        """How many pictures there are; some of them may turn out to be none."""
        ...

    def pictures(self, problems: Problems) -> Iterator[Stored]:
        """Reads the pictures, in the same order each time.

        Args:
            problems: Gets what is left out.
        """
        ...
