"""Signal handling of the server, of the processes that it starts, and of commands."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:  # encoding processes do not need it
    from asyncio import AbstractEventLoop

Action = Callable[[], None]

_MEANINGLESS = ("SIGUSR1", "SIGUSR2")
"""Ignored: their default is to end the process."""

SENT_TO_ALL = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", *_MEANINGLESS)
"""Signals that terminals and supervisors send to every process of a service."""

_ENDING = ("SIGTERM", "SIGHUP")


def ignore(*names: str) -> None:
    """Ignores signals; names that the system does not have are skipped."""
    for name in names:
        if number := getattr(signal, name, None):
            signal.signal(number, signal.SIG_IGN)


def end_quietly() -> None:
    """Lets SIGINT, and SIGPIPE when the reader of the output is gone, end the process, as usual for commands.

    Python would raise an exception at an arbitrary point instead. The server replaces both handlers once it starts.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if not is_ignored("SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_ignored(name: str) -> bool:
    """Whether the process was started with the signal ignored, as `nohup` does, or the system lacks the signal."""
    number = getattr(signal, name, None)
    return number is None or signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def handled(loop: "AbstractEventLoop", actions: Mapping[str, Action]) -> Iterator[None]:
    """Calls actions in an event loop when their signals arrive. Afterwards these signals are ignored.

    A closing loop restores the default actions: a second SIGTERM of a supervisor would then kill a process that has
    finished its work.

    Args:
        loop: The running loop.
        actions: The actions by the name of the signal; signals that the system does not have are skipped.
    """
    numbers = {getattr(signal, name): act for name, act in actions.items() if hasattr(signal, name)}
    for number, act in numbers.items():
        try:
            loop.add_signal_handler(number, act)
        except NotImplementedError:  # event loops on Windows
            signal.signal(number, lambda *_, act=act: loop.call_soon_threadsafe(act))
    ignore("SIGPIPE", *_MEANINGLESS)
    try:
        yield
    finally:
        for number in numbers:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def ending() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP end a command as an error does, so that its temporary files and processes are removed.

    They raise SystemExit with the status 128 plus the signal's number, as shells report it. A signal that is ignored
    stays ignored: that is how `nohup` works.
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
