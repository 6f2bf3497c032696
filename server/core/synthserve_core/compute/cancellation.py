"""Cancels work that runs in other threads."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from synthserve_core.errors import CancelledWorkError


class Cancellation:
    """A flag that is set once and never cleared; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._interrupts: set[Callable[[], None]] = set()

    def cancel(self) -> None:
        """Sets the flag and calls the registered interrupts."""
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
        if self.cancelled:
            raise CancelledWorkError

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Calls `interrupt` once, from the cancelling thread, if the flag is set inside the `with` block.

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


class CancellationOfAll(Cancellation):
    """Is cancelled once all of its members are, so that shared work continues for the remaining ones."""

    def __init__(self, members: Sequence[Cancellation]) -> None:
        """Combines flags.

        Args:
            members: At least one. Duplicates count once: two messages of a stream share a flag.
        """
        super().__init__()
        self._members = list(dict.fromkeys(members))
        self._left = len(self._members)

    @property
    def cancelled(self) -> bool:
        """Whether all members are cancelled."""
        return all(member.cancelled for member in self._members)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Calls `interrupt` once the last member is cancelled inside the `with` block."""
        with ExitStack() as entered:
            for member in self._members:
                try:
                    entered.enter_context(member.interrupting(self._drop))
                except CancelledWorkError:
                    self._drop()
            with super().interrupting(interrupt):
                yield

    def _drop(self) -> None:
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self.cancel()
