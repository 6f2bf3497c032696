"""Standard input, output and error, as they are: closed, full, without a reader, or a terminal."""

import io
import os
import select
import sys
from collections.abc import Mapping
from typing import TextIO

_INPUT, _OUTPUT, _ERROR = range(3)


def fill_closed_descriptors() -> None:
    """Opens something on each of the descriptors 0 to 2 that is closed.

    Otherwise the next file or socket that is opened gets the number, and what is printed goes into it. What is opened
    can only be read, so that writing to it fails as it does on a closed descriptor.
    """
    for number in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one: those below it are open by now.
            opened = os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(opened, True)


class _Descriptor(io.FileIO):
    """Writes all that it is given or notes why it cannot, and never raises: not even when Python exits and flushes."""

    failure: OSError | None = None

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # a narrower type
        """Writes, and waits where a descriptor that must not block is full."""
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
    """A text stream on a descriptor that nothing can go wrong with. What is written is not kept back.

    It holds no lock while it writes: Python can exit although a thread waits for a reader who never comes.
    """

    def __init__(self, descriptor: int, like: TextIO | None) -> None:
        """Writes to a descriptor, which stays open for others.

        Args:
            descriptor: Such as 1.
            like: What Python has made for it, in whose encoding this writes; None: nothing, as it was closed.
        """
        self._raw = _Descriptor(descriptor, "w", closefd=False)
        # `TextIOWrapper` takes a raw stream too, as Python's own `-u` has it.
        super().__init__(self._raw, like.encoding if like else "utf-8", "backslashreplace", write_through=True)

    @property
    def failure(self) -> OSError | None:
        """Why something that was written did not arrive; None: as far as is known all did."""
        return self._raw.failure


def replace() -> Output:
    """Has Python's streams never raise: what a program cannot tell anybody is no reason to end.

    Returns:
        The new `sys.stdout`, which knows whether what was printed has arrived.
    """
    if sys.stdin is None:
        sys.stdin = open(_INPUT, closefd=False)  # noqa: SIM115 - open as long as the process
    printed = Output(_OUTPUT, sys.stdout)
    sys.stdout, sys.stderr = printed, Output(_ERROR, sys.stderr)
    return printed


def wants_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether text for a stream may have colours, as Python itself decides it.

    Args:
        stream: Where it goes.
        environment: `NO_COLOR`, `FORCE_COLOR` and `TERM` count, in this order.
    """
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return environment.get("TERM", "dumb") not in ("", "dumb") and stream.isatty()
