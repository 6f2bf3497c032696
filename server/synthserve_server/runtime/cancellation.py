"""Tells work in other threads that nobody waits for it any more."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from synthserve_server.runtime.errors import CancelledWorkError


class Cancellation:
    """A flag that is set once and never cleared; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._interrupts: set[Callable[[], None]] = set()

    def cancel(self) -> None:
        """Sets the flag and interrupts what is running."""
        with self._lock:
            self._cancelled = True
            interrupts, self._interrupts = self._interrupts, set()
        for interrupt in interrupts:
            interrupt()

    @property
    def cancelled(self) -> bool:
        """Whether the flag is set."""
        return self._cancelled

    def check(self) -> None:
        """Raises CancelledWorkError when the flag is set."""
        if self._cancelled:
            raise CancelledWorkError

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Has `interrupt` called, once and from the cancelling thread, if the flag is set inside the `with` block.

        Raises:
            CancelledWorkError: The flag is already set.
        """
        with self._lock:
            self.check()
            self._interrupts.add(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.discard(interrupt)
