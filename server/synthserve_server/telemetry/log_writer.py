"""Writes log lines in a separate thread.

So the threads that log make no system calls: the event loop never waits for a disk or a stopped terminal, and does not
release the interpreter lock for each line, which took a tenth of the time of a small call.
"""

import threading
from collections import deque
from typing import TextIO

PERIOD = 0.05
"""Seconds between two writes: a killed process can lose the lines of this time."""

MOST_LINES = 20_000
"""The most waiting lines. Further lines are dropped and counted, as the server must not stop for its log."""

DRAINING_SECONDS = 1.0
"""How long `drain` and `close` wait for a reader that has stopped."""


class LogWriter:
    """A text stream for loggers that never blocks."""

    def __init__(self, stream: TextIO) -> None:
        """Starts the thread.

        Args:
            stream: The stream that receives the lines.
        """
        self._stream = stream
        self._lines: deque[str | threading.Event] = deque()  # an event is set once the lines before it are written
        self._dropped = 0
        self._wanted = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> int:
        """Enqueues a line; safe to call from any thread."""
        if len(self._lines) < MOST_LINES:
            self._lines.append(line)
        else:
            self._dropped += 1
        return len(line)

    def flush(self) -> None:
        """Does nothing: lines are written soon."""

    def drain(self) -> None:
        """Waits until the waiting lines are written, at most `DRAINING_SECONDS`."""
        written = threading.Event()
        self._lines.append(written)
        self._wanted.set()
        written.wait(DRAINING_SECONDS)

    def close(self) -> None:
        """Writes the waiting lines and ends the thread; waits at most `DRAINING_SECONDS` for a stopped reader."""
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
        except (OSError, ValueError):  # the reader is gone, or the stream is closed
            self._lines.clear()
        for written in taken:
            if isinstance(written, threading.Event):
                written.set()
