"""Progress of a command: bars on a terminal, lines in a log."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from synthserve_training.console import progress_console
from synthserve_training.types import NO_FIGURES, Progress

_SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def one_bar(epochs: int) -> Iterator[Progress]:
    """One bar for a training, with its losses; where there is no terminal, a line for each epoch.

    Args:
        epochs: How many epochs there are.
    """
    console = progress_console()
    with _bars(console, TimeRemainingColumn(), TextColumn("{task.fields[figures]}")) as bars:
        task = bars.add_task("starting", total=None, figures="")

        def progress(what: str, done: int, total: int, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
            text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
            bars.update(task, description=what, completed=done, total=total, figures=text)
            if figures and not console.is_terminal and done % (total // epochs) == 0:
                console.print(f"{what}  {text}", highlight=False, soft_wrap=True)

        yield progress


@contextmanager
def a_bar_for_each() -> Iterator[Progress]:
    """A bar for each step of a command; where there is no terminal, a line now and then for steps that take long."""
    console = progress_console()
    with _bars(console, TimeRemainingColumn(), TextColumn("{task.fields[figures]}")) as bars:
        tasks: dict[str, TaskID] = {}
        lines = _SparseLines(console)

        def progress(what: str, done: int, total: int, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, figures="")
            elif done < bars.tasks[tasks[what]].completed:  # the same step once more
                bars.reset(tasks[what])
            text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
            bars.update(tasks[what], completed=done, total=total, figures=text)
            if not console.is_terminal:
                lines.add(what, done, total, text)

        yield progress


class _SparseLines:
    """Lines for a log: one for each half minute of a step, with an estimate of the time that is left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._what, self._first, self._began, self._said = "", 0, 0.0, 0.0

    def add(self, what: str, done: int, total: int, figures: str) -> None:
        """Takes the progress of a step, and prints it where it is time."""
        now = time.monotonic()
        if what != self._what:
            self._what, self._first, self._began, self._said = what, done, now, now
        if now - self._said < _SECONDS_BETWEEN_LINES:
            return
        self._said = now
        rate = (done - self._first) / (now - self._began)
        left = f", about {_duration((total - done) / rate)} left" if rate > 0 and done < total else ""
        share = 100 * done // max(total, 1)
        self._console.print(f"{what}: {share} %{left}  {figures}".rstrip(), highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _bars(console: Console, *more: ProgressColumn) -> Bars:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bars(*columns, *more, console=console, disable=not console.is_terminal)
