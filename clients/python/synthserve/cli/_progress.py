"""What a person sees on stderr while samples come in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from synthserve.cli._streams import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from synthserve import ImageStream, RowStream

S = TypeVar("S", bound="RowStream | ImageStream")


class Watch:
    """A progress bar, the seed if the server drew it, and a last line, on a terminal; nothing elsewhere.

    Args:
        noun: What is counted, `rows` or `images`.
        total: How many there will be; None: no end.
        seeded: Whether the caller gave the seed.
        bar: Whether a bar may be shown; not where the samples go to the same terminal.
    """

    def __init__(self, noun: str, total: int | None, *, seeded: bool, bar: bool) -> None:
        self._noun = noun
        self._seeded = seeded
        self._console = Console(stderr=True, highlight=False, soft_wrap=True, force_terminal=is_terminal("stderr"))
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not (bar and self._console.is_terminal),
        )
        self._task = self._bar.add_task(noun, total=total)
        self._started = time.monotonic()
        self._done = 0
        self._stream: RowStream | ImageStream | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def over(self, ask: Callable[..., S]) -> S:
        """Makes a stream with `ask`, and watches it."""
        stream = ask(on_progress=self._advance)
        self._stream = stream
        return stream

    def _advance(self, done: int) -> None:
        if not self._seeded and self._stream is not None and self._console.is_terminal:
            # At once, so that the seed is known even if the command is interrupted.
            self._seeded = True
            self._console.print(f"synthserve: the server drew --seed {self._stream.seed}", markup=False)
        self._done = done
        self._bar.update(self._task, completed=done)

    def finish(self) -> None:
        """Says on a terminal what was done."""
        self._bar.stop()
        if not self._console.is_terminal or self._stream is None:
            return
        seconds = max(time.monotonic() - self._started, 1e-9)
        self._console.print(
            f"{self._done:,} {self._noun} in {seconds:.1f} s ({self._done / seconds:,.0f} {self._noun}/s), "
            f"{self._stream.model}, seed {self._stream.seed}",
            markup=False,
        )
