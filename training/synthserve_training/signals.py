"""Ends a command on a signal as on an error, so that its temporary files and processes go with it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ENDING = ("SIGTERM", "SIGHUP")


@contextmanager
def ending() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP raise SystemExit, with the status 128 and the signal's number, as shells tell it.

    One that is ignored stays so: that is how `nohup` works.
    """
    numbers = [number for name in _ENDING if (number := getattr(signal, name, None)) is not None]  # not on Windows
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
