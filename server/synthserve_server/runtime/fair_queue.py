"""Whose turn it is: streams share the workers' time, and new ones need not wait for old ones.

Start-time fair queueing (Goyal, Vin and Cheng 1996): each stream carries the time that workers have spent on it, the
stream with the least is next, and a stream that comes begins where the others stand. Before all of them come the
streams that have had little work yet, unless the others have fallen behind for it.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """What one stream waits for.

    Attributes:
        waiting: Its items, in order.
        spent: Seconds of work that it stands at among the others.
        used: Seconds of work that it has had in all.
        running: How many of its items are being worked on.
    """

    __slots__ = ("entry", "running", "spent", "used", "waiting")

    def __init__(self) -> None:
        """Starts with nothing."""
        self.waiting: deque[T] = deque()
        self.spent = 0.0
        self.used = 0.0
        self.running = 0
        self.entry = -1
        """The number of its entry in the queue; others are void."""


class FairQueue(Generic[T]):
    """Lines of items. Not thread-safe."""

    def __init__(self, head_start: float) -> None:
        """Makes a queue without lines.

        Args:
            head_start: A line is new until it has had so many seconds of work; an old one goes first once it lacks as
                many.
        """
        self._head_start = head_start
        self._clock = 0.0  # the work that a line has had that was always there
        self._active = 0  # lines that wait or are worked on
        self._new: deque[tuple[float, int, Line[T]]] = deque()
        self._old: list[tuple[float, int, Line[T]]] = []  # a heap
        self._numbers = itertools.count()
        self.length = 0
        """How many items wait."""

    def put(self, line: Line[T], item: T) -> None:
        """Adds an item to a line."""
        line.waiting.append(item)
        self.length += 1
        if len(line.waiting) > 1:
            return
        if not line.running:
            self._active += 1
            line.spent = max(line.spent, self._clock - self._head_start)
        self._enter(line)

    def is_new(self, line: Line[T]) -> bool:
        """Whether a line has not used up its head start."""
        return line.used < self._head_start

    def has_new(self) -> bool:
        """Whether a new line waits."""
        self._drop_void()
        return bool(self._new)

    def take(self) -> tuple[Line[T], T] | None:
        """Takes the item that is next; None: nothing waits. `done` is to be called for each item that is taken."""
        self._drop_void()
        if self._new and not (self._old and self._old[0][0] < self._clock - self._head_start):
            line = self._new[0][2]
        elif self._old:
            line = self._old[0][2]
        else:
            return None
        return line, self._pop(line)

    def take_new(self) -> tuple[Line[T], T]:
        """Takes the item that is next among those of new lines; there is one, see `has_new`."""
        self._drop_void()
        line = self._new[0][2]
        return line, self._pop(line)

    def take_alike(self, first: Line[T], alike: Callable[[T], bool], most: int) -> list[tuple[Line[T], T]]:
        """Takes more items out of turn, from the heads of lines, roughly in the order of their turns.

        Args:
            first: The line whose item was taken before. A new one gets no company of old ones, which could be slow.
            alike: Whether to take an item; asked once for each that is looked at.
            most: How many to take at most.
        """
        taken: list[tuple[Line[T], T]] = []
        if most <= 0:
            return taken
        for _, entry, line in (*self._new, *(() if self.is_new(first) else self._old)):
            if entry == line.entry and alike(line.waiting[0]):
                taken.append((line, self._pop(line)))
                if len(taken) == most:
                    break
        return taken

    def done(self, line: Line[T], seconds: float) -> None:
        """Tells that an item of a line has been worked on for so long."""
        self._clock += seconds / max(1, self._active)
        line.used += seconds
        line.spent += seconds
        line.running -= 1
        if line.waiting:
            self._enter(line)  # at its new place
        elif not line.running:
            self._active -= 1

    def clear(self, line: Line[T]) -> list[T]:
        """Takes away all items of a line; nothing is to be done about them."""
        items = list(line.waiting)
        line.waiting.clear()
        line.entry = -1
        self.length -= len(items)
        if items and not line.running:
            self._active -= 1
        return items

    def _enter(self, line: Line[T]) -> None:
        line.entry = next(self._numbers)
        entry = (line.spent, line.entry, line)
        if self.is_new(line):
            self._new.append(entry)
        else:
            heapq.heappush(self._old, entry)

    def _drop_void(self) -> None:
        while self._new and self._is_void(self._new[0]):
            self._new.popleft()
        while self._old and self._is_void(self._old[0]):
            heapq.heappop(self._old)

    @staticmethod
    def _is_void(entry: tuple[float, int, Line[T]]) -> bool:
        _, number, line = entry
        return number != line.entry

    def _pop(self, line: Line[T]) -> T:
        item = line.waiting.popleft()
        self.length -= 1
        line.running += 1
        line.entry = -1
        if line.waiting:
            self._enter(line)
        return item
