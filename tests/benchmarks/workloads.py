"""What is asked of the servers: kinds and numbers of samples, formats, and how many callers ask at a time."""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ROW_COUNTS = (1_000, 100_000, 10_000_000)
IMAGE_COUNTS = (1, 16, 10_000)
CALLERS = (1, 8, 64, 256)
FORMATS = ("typed", "arrow", "csv", "jsonl")

TARGET_CALLERS = 32
"""Small calls have a target at this many callers too."""

MOST_ROWS_AT_A_TIME = 30_000_000
MOST_IMAGES_AT_A_TIME = 20_000
"""The most samples that all callers together may have asked for: more would take minutes to come even once."""

ENDLESS_ROWS = 100_000_000
"""The rows of a stream whose first message only is waited for."""

QUICK = (
    "rows-1k-typed-c32",
    "rows-100k-typed-c8",
    "rows-100k-csv-c1",
    "rows-100m-typed-c1",
    "images-16-mnist-dcgan-c32",
    "images-10k-mnist-dcgan-c1",
)
"""The cases of a short run."""


@dataclass(frozen=True)
class Workload:
    """One kind of call, and how many callers make it, each again and again."""

    kind: str
    """`rows` or `images`."""
    model: str
    count: int
    form: str
    """One of FORMATS, or `png`."""
    callers: int
    first_only: bool = False
    """Whether a caller waits for the first message only, and then cancels the call."""

    @property
    def name(self) -> str:
        """Such as `rows-100k-csv-c8`."""
        what = self.form if self.kind == "rows" else self.model
        return f"{self.kind}-{short(self.count)}-{what}-c{self.callers}"

    @property
    def title(self) -> str:
        """For the head of a table."""
        asked = f"{self.count:,} {self.kind}" if self.count != 1 else "1 image"
        callers = f"{self.callers} callers" if self.callers > 1 else "1 caller"
        return f"{self.name}: {asked} of {self.model} as {self.form}, {callers}" + (
            ", until the first message" if self.first_only else ""
        )


def short(count: int) -> str:
    """A count as in 1k and 10m."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= size and count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


def workloads(table: str, image_models: Sequence[str]) -> Iterator[Workload]:
    """All cases.

    Args:
        table: The table model.
        image_models: The image models.
    """
    for count in ROW_COUNTS:
        for form in FORMATS:
            for callers in _callers(count, MOST_ROWS_AT_A_TIME, small=count == ROW_COUNTS[0]):
                yield Workload("rows", table, count, form, callers)
    yield Workload("rows", table, ENDLESS_ROWS, "typed", 1, first_only=True)
    for model in image_models:
        for count in IMAGE_COUNTS:
            for callers in _callers(count, MOST_IMAGES_AT_A_TIME, small=count == IMAGE_COUNTS[1]):
                yield Workload("images", model, count, "png", callers)


def _callers(count: int, most: int, *, small: bool) -> Iterator[int]:
    for callers in sorted({*CALLERS, TARGET_CALLERS}):
        if callers * count <= most and (callers != TARGET_CALLERS or small):
            yield callers


def chosen(found: Iterator[Workload], patterns: Sequence[str]) -> list[Workload]:
    """Those whose name fits one of the patterns, such as `rows-*-c8`."""
    return [workload for workload in found if any(fnmatch.fnmatchcase(workload.name, one) for one in patterns)]
