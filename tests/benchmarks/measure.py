"""Processor time and memory of a process and its children."""

import threading
from types import TracebackType
from typing import Self

import psutil

MIB = 1 << 20
LOOK_SECONDS = 0.1
"""How often the memory is looked at."""


class Usage:
    """Watches a process and its children for the length of a `with` block.

    Memory is the sum of the resident sets, so what processes share is counted more than once.
    """

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._before = 0.0
        self.cpu_seconds = 0.0
        """Processor time within the block, user and system."""
        self.peak_mib = 0.0
        """The most resident memory that was seen."""

    def __enter__(self) -> Self:
        self._before, _ = self._look()
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._watcher.join()
        after, _ = self._look()
        self.cpu_seconds = after - self._before

    def _watch(self) -> None:
        while True:
            _, memory = self._look()
            self.peak_mib = max(self.peak_mib, memory / MIB)
            if self._stop.wait(LOOK_SECONDS):
                return

    def _look(self) -> tuple[float, int]:
        """Processor seconds and resident bytes of those that are there."""
        seconds, memory = 0.0, 0
        try:
            tree = [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return seconds, memory
        for process in tree:
            try:
                times = process.cpu_times()
                memory += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            seconds += times.user + times.system
        return seconds, memory
