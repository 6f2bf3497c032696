"""Writes lines in a thread of its own.

Who writes them then makes no system call: the event loop waits neither for a disk nor for a terminal that has stopped,
and does not give up the interpreter lock for each line, which took a tenth of a small call's time.
"""

import threading
from collections import deque
from typing import TextIO

PERIOD = 0.05
"""Seconds between two writes: what a process that is killed can lose of its log."""

MOST_LINES = 20_000
"""Lines that wait at most. Those beyond are dropped and counted, as the server must not stop for its log."""

DRAINING_SECONDS = 1.0
"""How long is waited for a reader who takes nothing. What he has not got then is left for later, or lost at the end."""


class LogWriter:
    """A text stream for loggers that never blocks."""

    def __init__(self, stream: TextIO) -> None:
        """Starts the thread.

        Args:
            stream: Where the lines go.
        """
        self._stream = stream
        self._lines: deque[str | threading.Event] = deque()  # an event is set when what stands before it is written
        self._dropped = 0
        self._wanted = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> int:
        """Takes a line; safe to call from any thread."""
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        else:
            self._dropped += 1
        return len(line)

    def flush(self) -> None:
        """Does nothing: lines are written soon."""

    def drain(self) -> None:
        """Returns when what waits is written, or after `DRAINING_SECONDS`."""
        written = threading.Event()
        self._lines.append(written)
        self._wanted.set()
        written.wait(DRAINING_SECONDS)

    def close(self) -> None:
        """Writes what waits, and ends the thread; one whose reader takes nothing is left alone after a while."""
        self._closing = True
        self._wanted.set()
        self._thread.join(DRAINING_SECONDS)

    def _run(self) -> None:
        while not self._closing:
            self._wanted.wait(PERIOD)
            self._wanted.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        taken = [self._lines.popleft() for _ in range(len(self._lines))]
        lines = [line for line in taken if isinstance(line, str)]
        if dropped := self._dropped:
            self._dropped -= dropped
            lines.append(f"{dropped} log lines dropped: they came faster than they could be written\n")
        try:
            if lines:
                self._stream.write("".join(lines))
                self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, or the stream closed: there is nobody left to tell
            self._lines.clear()
        for written in taken:
            if isinstance(written, threading.Event):
                written.set()
