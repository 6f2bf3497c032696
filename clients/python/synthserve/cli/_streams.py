"""Standard output, standard error and signals, as a command needs them.

Python's own streams are None where a shell has closed them, and what goes wrong in them shows as a traceback, or only
after the exit code is decided. Libraries guess from the environment whether there is a terminal.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from synthserve._output.descriptors import DescriptorFile

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]  # of Python 3.12, and only for types
    from types import FrameType

FAILED = 1
READER_GONE = 141

_STDIN, _STDOUT, _STDERR = 0, 1, 2

_CLOSED = {_STDIN: os.O_WRONLY, _STDOUT: os.O_RDONLY, _STDERR: os.O_WRONLY}
"""How a standard stream that is closed is opened: output that has nowhere to go must fail, messages need not."""

_SIGNALLED = 128


class _Output(DescriptorFile):
    """Standard output: when it cannot be written, the command ends with the right exit code."""

    def __init__(self) -> None:
        super().__init__(_STDOUT, "standard output")
        self._gone = False

    def write(self, data: Buffer) -> int:
        """Writes all of `data`.

        Raises:
            SystemExit: That is not possible. What is written from now on, by Python itself at exit, goes nowhere.
        """
        if self._gone:
            return len(memoryview(data))
        try:
            return super().write(data)
        except BrokenPipeError:
            self._gone = True
            raise SystemExit(READER_GONE) from None
        except OSError as error:
            self._gone = True
            say(f"standard output: {error.strerror}")
            raise SystemExit(FAILED) from None

    def close(self) -> None:
        """Leaves it open: it belongs to the process."""


class _Messages(DescriptorFile):
    """Standard error: messages that cannot be written are dropped, as there is no other place for them."""

    def __init__(self) -> None:
        super().__init__(_STDERR, "standard error")

    def write(self, data: Buffer) -> int:
        """Writes `data`, if that is possible."""
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))

    def close(self) -> None:
        """Leaves it open: it belongs to the process."""


def prepare() -> None:
    """Replaces Python's streams by those of this module, and lets signals end the command cleanly.

    It must run before any code that opens files, such as the import of gRPC.
    """
    _open_closed()
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Output()), encoding="utf-8", errors="backslashreplace")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Messages()), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # `nohup` ignores a signal, and the command must keep it ignored.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _open_closed() -> None:
    # Otherwise the first file or connection gets the descriptor of a closed stream, and the output meant for it.
    for descriptor, access in _CLOSED.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # it takes the lowest number that is free, which this is


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # An exception lets the command remove incomplete files.
    raise SystemExit(_SIGNALLED + number)


def output() -> BinaryIO:
    """Standard output, for bytes."""
    return sys.stdout.buffer


def say(message: str) -> None:
    """Writes a message of the command to standard error."""
    sys.stderr.write(f"synthserve: {message}\n")
    sys.stderr.flush()


def is_terminal(stream: str) -> bool:
    """Returns whether `stdout` or `stderr` is a terminal, whatever the environment says."""
    return os.isatty(_STDOUT if stream == "stdout" else _STDERR)
