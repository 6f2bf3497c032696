"""A fair queue: flows share the workers' time, and new flows do not wait for old ones.

Start-time fair queueing (Goyal, Vin and Cheng 1996): each flow has a virtual time, the time that workers have spent on
it. The flow with the least virtual time is next; a flow that arrives begins at the virtual time of the queue. New
flows, those that have had little work, precede all others, unless these have fallen behind because of it.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flow(Generic[T]):
    """The items of one stream.

    Attributes:
        waiting: Its items, in order.
        virtual_time: Its position among the others, in seconds of work.
        used: The total work on it, in seconds.
        running: How many of its items are being worked on.
    """

    __slots__ = ("entry", "running", "used", "virtual_time", "waiting")

    def __init__(self) -> None:
        """Starts with nothing."""
        self.waiting: deque[T] = deque()
        self.virtual_time = 0.0
        self.used = 0.0
        self.running = 0
        self.entry = -1
        """The number of its valid entry in the queue; its other entries are void."""


class FairQueue(Generic[T]):
    """Flows of items. Not thread-safe."""

    def __init__(self, head_start: float) -> None:
        """Makes a queue without flows.

        Args:
            head_start: Seconds of work. A flow is new until it has had them; an old flow precedes new ones once it has
                fallen behind by as many.
        """
        self._head_start = head_start
        self._virtual_time = 0.0  # that of a flow that was always active
        self._new: deque[tuple[float, int, Flow[T]]] = deque()
        self._old: list[tuple[float, int, Flow[T]]] = []  # a heap
        self._numbers = itertools.count()
        self.length = 0
        """How many items wait."""
        self.active = 0
        """How many flows have items that wait or are worked on."""

    def put(self, flow: Flow[T], item: T) -> None:
        """Adds an item to a flow."""
        flow.waiting.append(item)
        self.length += 1
        if len(flow.waiting) > 1:
            return
        if not flow.running:
            self.active += 1
            flow.virtual_time = max(flow.virtual_time, self._virtual_time - self._head_start)
        self._enter(flow)

    def is_new(self, flow: Flow[T]) -> bool:
        """Whether a flow has not used up its head start."""
        return flow.used < self._head_start

    def has_new(self) -> bool:
        """Whether a new flow waits."""
        self._drop_void()
        return bool(self._new)

    def take(self) -> tuple[Flow[T], T] | None:
        """Takes the next item; None if no item waits. The caller must call `done` for each taken item."""
        self._drop_void()
        if self._new and not (self._old and self._old[0][0] < self._virtual_time - self._head_start):
            flow = self._new[0][2]
        elif self._old:
            flow = self._old[0][2]
        else:
            return None
        return flow, self._pop(flow)

    def take_new(self) -> tuple[Flow[T], T]:
        """Takes the next item of a new flow; requires `has_new()`."""
        self._drop_void()
        flow = self._new[0][2]
        return flow, self._pop(flow)

    def take_batch(self, first: Flow[T], add: Callable[[T], bool], most: int) -> list[tuple[Flow[T], T]]:
        """Takes more items for a batch, from the heads of flows, roughly in the order of the queue.

        Args:
            first: The flow of the batch's first item. If it is new, no items of old flows join: they could be slow.
            add: Whether to take an item; called once for each candidate.
            most: The most items to take.
        """
        taken: list[tuple[Flow[T], T]] = []
        if most <= 0:
            return taken
        for _, entry, flow in (*self._new, *(() if self.is_new(first) else self._old)):
            if entry == flow.entry and add(flow.waiting[0]):
                taken.append((flow, self._pop(flow)))
                if len(taken) == most:
                    break
        return taken

    def done(self, flow: Flow[T], seconds: float) -> None:
        """Records that an item of a flow is done and took `seconds` of work."""
        self._virtual_time += seconds / max(1, self.active)
        flow.used += seconds
        flow.virtual_time += seconds
        flow.running -= 1
        if flow.waiting:
            self._enter(flow)  # at its new place
        elif not flow.running:
            self.active -= 1

    def clear(self, flow: Flow[T]) -> list[T]:
        """Drops all waiting items of a flow and returns them; they need no `done`."""
        items = list(flow.waiting)
        flow.waiting.clear()
        flow.entry = -1
        self.length -= len(items)
        if items and not flow.running:
            self.active -= 1
        return items

    def _enter(self, flow: Flow[T]) -> None:
        flow.entry = next(self._numbers)
        entry = (flow.virtual_time, flow.entry, flow)
        if self.is_new(flow):
            self._new.append(entry)
        else:
            heapq.heappush(self._old, entry)

    def _drop_void(self) -> None:
        while self._new and self._is_void(self._new[0]):
            self._new.popleft()
        while self._old and self._is_void(self._old[0]):
            heapq.heappop(self._old)

    @staticmethod
    def _is_void(entry: tuple[float, int, Flow[T]]) -> bool:
        _, number, flow = entry
        return number != flow.entry

    def _pop(self, flow: Flow[T]) -> T:
        item = flow.waiting.popleft()
        self.length -= 1
        flow.running += 1
        flow.entry = -1
        if flow.waiting:
            self._enter(flow)
        return item
