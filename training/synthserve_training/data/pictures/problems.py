"""What is wrong with the pictures of a source: listed, and not fatal."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_NAMES_KEPT = 20
"""How many names of one problem are kept: memory does not grow with the number of pictures."""


@dataclass
class Problem:
    """One problem, of one file or of several.

    Attributes:
        text: What is wrong and what to do, without the names.
        left_out: Whether the files are left out; else something of them is lost.
        count: How many files have it.
        names: The first of them.
    """

    text: str
    left_out: bool
    count: int = 0
    names: list[str] = field(default_factory=list)

    def line(self, most: int = 3) -> str:
        """The problem in one line.

        Args:
            most: How many names it shows.
        """
        shown = ", ".join(self.names[:most])
        more = self.count - min(most, len(self.names))
        return f"{shown}{f' and {more:,} more' if more else ''}: {self.text}"


class Problems:
    """The problems of a source, in the order in which they were found; equal ones are counted together."""

    def __init__(self, known: Iterable[Problem] = ()) -> None:
        self._by_text = {(problem.text, problem.left_out): problem for problem in known}

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._by_text.values())

    def __bool__(self) -> bool:
        return bool(self._by_text)

    def add(self, name: str, text: str, *, left_out: bool = True, count: int = 1) -> None:
        """Adds a problem.

        Args:
            name: Of the file.
            text: What is wrong and what to do.
            left_out: Whether the file is left out.
            count: How many pictures have it, if the name stands for several.
        """
        problem = self._by_text.setdefault((text, left_out), Problem(text, left_out))
        problem.count += count
        if len(problem.names) < _NAMES_KEPT:
            problem.names.append(name)

    @property
    def left_out(self) -> int:
        """How many files are left out."""
        return sum(problem.count for problem in self if problem.left_out)

    def lines(self) -> list[str]:
        """A line for each problem; those that leave files out are first."""
        return [problem.line() for problem in sorted(self, key=lambda problem: not problem.left_out)]

    def as_json(self) -> list[dict[str, Any]]:
        """The problems for programs; `of_json` reads them."""
        return [vars(problem).copy() for problem in self]

    @classmethod
    def of_json(cls, written: Iterable[Mapping[str, Any]]) -> "Problems":
        """Reads what `as_json` wrote."""
        return cls(Problem(**each) for each in written)
