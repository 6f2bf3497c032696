"""The streams of a command: output that never raises, an exit status that says so, and a console for progress."""

import errno
import sys

from rich.console import Console

from synthserve_core.system.standard_streams import Output, fill_closed_descriptors

READER_GONE = 141
"""The exit status of a command whose output is no longer read, as shells report it: 128 + SIGPIPE."""

_FAILED = 1


def replace_streams() -> None:
    """Puts streams that never raise in place of Python's own, so that no message ends a training.

    Streams that another program has put there, such as a test, stay.
    """
    fill_closed_descriptors()
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream, own = getattr(sys, name), getattr(sys, f"__{name}__")
        if stream is own or own is None:
            setattr(sys, name, Output(descriptor, stream))


def exit_status(status: int) -> int:
    """Turns the exit status of a command into one that says whether its output was written.

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


def note(text: str) -> None:
    """Prints what a user must know, on standard error: on a terminal above the bars of progress.

    `typer.echo` writes to the stream below the one that the bars put into `sys.stderr`, in the middle of their lines.
    """
    sys.stderr.write(f"note: {text}\n")


def progress_console() -> Console:
    """Makes the console for progress, on standard error.

    The system says whether it is a terminal, and not a variable such as FORCE_COLOR: a log must not get bars.
    """
    terminal = sys.stderr.isatty()
    return Console(stderr=True, force_terminal=terminal, force_interactive=terminal)
