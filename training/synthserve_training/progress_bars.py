"""Progress of a command: bars on a terminal, lines in a log."""

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
    """A bar for each step of an evaluation; nothing where there is no terminal."""
    with _bars(progress_console()) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int, _figures: Mapping[str, float] = NO_FIGURES, /) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield progress


def _bars(console: Console, *more: ProgressColumn) -> Bars:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Bars(*columns, *more, console=console, disable=not console.is_terminal)
