"""What a run counts, and what it found to be wrong."""

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field

import psutil
from scripts.server_process import ServerProcess
from tests.fixtures.serving import Holdings


@dataclass
class Tally:
    """Counts from many threads."""

    requests: Counter[str] = field(default_factory=Counter)
    """Streams that were read to their end, by case."""
    faults: Counter[str] = field(default_factory=Counter)
    """What was done to server and clients, by kind."""
    breaks: int = 0
    """How often a stream broke and went on."""
    samples: int = 0
    wrong: int = 0
    """Streams whose content was not that of the reference."""
    recompressed: int = 0
    """Streams of right pictures whose files were compressed in another way than those of the reference."""
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def finished(self, case: str, samples: int) -> None:
        """A stream has come to its end."""
        with self._lock:
            self.requests[case] += 1
            self.samples += samples

    def fault(self, kind: str) -> None:
        """A fault was injected."""
        with self._lock:
            self.faults[kind] += 1

    def broke(self) -> None:
        """A stream broke."""
        with self._lock:
            self.breaks += 1

    def differs(self, what: str, *, only_compression: bool) -> None:
        """A stream is not what it should be."""
        with self._lock:
            if only_compression:
                self.recompressed += 1
            else:
                self.wrong += 1
        if not only_compression:
            self.violation(f"wrong content: {what}")

    def violation(self, what: str) -> None:
        """Something is wrong."""
        with self._lock:
            self.violations.append(what)
        print(f"VIOLATION: {what}", flush=True)


class Breaks(logging.Handler):
    """Counts the breaks that the client tells of."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.INFO)
        self._tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        if "broke at index" in record.getMessage():
            self._tally.broke()


@dataclass
class Generation:
    """One life of the server."""

    number: int
    server: ServerProcess
    process: psutil.Process
    start: Holdings
    """At rest, after a warm-up."""
    end: Holdings | None = None
    """At rest again, after the load."""
    memory: list[float] = field(default_factory=list)
    """MiB, once a second under load."""

    def growth(self) -> float:
        """How much the memory grew under load: the median of the last quarter over that of the second one, in MiB.

        The first quarter is for warming up: allocators keep what a load has once needed.
        """
        quarter = len(self.memory) // 4
        if quarter < 4:
            return 0.0
        second, last = sorted(self.memory[quarter : 2 * quarter]), sorted(self.memory[-quarter:])
        return last[quarter // 2] - second[quarter // 2]
