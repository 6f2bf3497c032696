"""Handles standard input, output and error in any state: closed, full, without a reader, or a terminal."""

import io
import os
import select
import sys
from collections.abc import Mapping
from typing import TextIO

_INPUT, _OUTPUT, _ERROR = range(3)


def fill_closed_descriptors() -> None:
    """Opens the null device on each closed descriptor from 0 to 2.

    Otherwise the next file or socket that is opened would get the number and receive the printed output. The null
    device is opened for reading only, so that writing fails as it does on a closed descriptor.
    """
    for number in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(number)
        except OSError:
            # `open` returns the lowest free number, which is this one: all lower ones are open by now.
            opened = os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(opened, True)


class _Descriptor(io.FileIO):
    """Writes everything, or records why it cannot. Never raises, not even when Python flushes on exit."""

    failure: OSError | None = None

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # a narrower type
        """Writes all data, and waits while a non-blocking descriptor is full."""
        left = memoryview(data).cast("B")
        try:
            while left:
                written = super().write(left)
                if written is None:
                    select.select([], [self.fileno()], [])
                left = left[written or 0 :]
        except OSError as error:
            self.failure = error
        return len(data)


class Output(io.TextIOWrapper):
    """An unbuffered text stream on a descriptor that never raises.

    It holds no lock while it writes, so Python can exit while a thread waits for a reader that has stopped.
    """

    def __init__(self, descriptor: int, like: TextIO | None) -> None:
        """Writes to a descriptor, which stays open for others.

        Args:
            descriptor: Such as 1.
            like: Python's own stream for it, whose encoding is used; None if the descriptor was closed.
        """
        self._raw = _Descriptor(descriptor, "w", closefd=False)
        # `TextIOWrapper` also accepts a raw stream, which Python's own `-u` relies on.
        super().__init__(self._raw, like.encoding if like else "utf-8", "backslashreplace", write_through=True)

    @property
    def failure(self) -> OSError | None:
        """Why a write failed; None if none is known to have failed."""
        return self._raw.failure


def replace() -> Output:
    """Replaces Python's streams by ones that never raise: a program should not end because it cannot print.

    Returns:
        The new `sys.stdout`, which records whether a write failed.
    """
    if sys.stdin is None:
        sys.stdin = open(_INPUT, closefd=False)  # noqa: SIM115 - open as long as the process
    printed = Output(_OUTPUT, sys.stdout)
    sys.stdout, sys.stderr = printed, Output(_ERROR, sys.stderr)
    return printed


def wants_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether text for a stream may have colours, by Python's own rules.

    Args:
        stream: The stream.
        environment: `NO_COLOR`, `FORCE_COLOR` and `TERM` count, in this order.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return environment.get("TERM", "dumb") not in ("", "dumb") and stream.isatty()
