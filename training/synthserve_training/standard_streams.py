"""Standard output and error as they are: closed, full, without a reader, or a terminal."""

import errno
import io
import os
import select
import sys
from typing import TextIO

from rich.console import Console

READER_GONE = 141
"""The exit status of a command whose output somebody has stopped to read, as shells tell it: 128 + SIGPIPE."""

_FAILED = 1


class Output(io.TextIOWrapper):
    """A text stream that never raises: what could not be written it remembers.

    So no message ends a training, and whatever writes (libraries, the interpreter at its end) needs no care.
    """

    def __init__(self, stream: TextIO) -> None:
        """Takes the place of a stream of Python's.

        Args:
            stream: In whose encoding, and to whose descriptor this writes.
        """
        self._descriptor = _Descriptor(stream.fileno(), "w", closefd=False)
        # What the encoding has no letters for is written with escapes.
        super().__init__(self._descriptor, stream.encoding, "backslashreplace", write_through=True)

    @property
    def failure(self) -> OSError | None:
        """Why something could not be written; None: all was."""
        return self._descriptor.failure


class _Descriptor(io.FileIO):
    failure: OSError | None = None

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # a narrower type
        left = memoryview(data).cast("B")
        try:
            while left:
                written = super().write(left)
                if written is None:  # it does not block, and is full
                    select.select([], [self.fileno()], [])
                left = left[written or 0 :]
        except OSError as error:
            self.failure = error
        return len(data)


def open_closed() -> None:
    """Opens each of the three standard descriptors that is closed, so that no file gets its number.

    The output's can only be read: writing to it fails, as it does where it is closed. Messages just go nowhere.
    """
    for descriptor, access in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # the lowest free number, which is this one
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


def replace() -> None:
    """Puts streams that never raise in place of Python's own; those that somebody else has put there stay."""
    open_closed()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__") or getattr(sys, f"__{name}__") is None:
            setattr(sys, name, Output(stream))


def exit_status(status: int) -> int:
    """Turns the exit status of a command into one that tells whether its output was written.

    Args:
        status: Of a command that has ended; any but 0 stays.
    """
    sys.stdout.flush()
    failure = sys.stdout.failure if isinstance(sys.stdout, Output) else None
    if status or failure is None:
        return status
    if failure.errno == errno.EPIPE:
        return READER_GONE
    reason = "it is closed" if failure.errno == errno.EBADF else failure.strerror
    sys.stderr.write(f"error: standard output cannot be written: {reason}\n")
    return _FAILED


def console() -> Console:
    """Makes the console for what goes on, on standard error.

    Whether it is a terminal says the system, and not a variable such as FORCE_COLOR: a log must not get bars.
    """
    terminal = sys.stderr.isatty()
    return Console(stderr=True, force_terminal=terminal, force_interactive=terminal)
