"""How a command ends: its exit code, and what it says about an error."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from synthserve._exceptions import (
    DeadlineExceeded,
    InvalidRequest,
    ModelNotFound,
    ResourceExhausted,
    SynthserveError,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
INTERRUPTED = 130
READER_GONE = 141

_CODES: dict[type[SynthserveError], int] = {
    InvalidRequest: 2,
    ModelNotFound: 3,
    Unavailable: 4,
    DeadlineExceeded: 5,
    ResourceExhausted: 6,
}

HELP = (
    "Exit codes: 0 done; 2 wrong usage or a value that is not allowed; 3 no such model; 4 no server, or it is "
    "unavailable; 5 --timeout ran out; 6 over a limit of the server; 130 interrupted; 141 the reader of the pipe went "
    "away; 1 anything else."
)


def exit_code(error: SynthserveError) -> int:
    """Tells the exit code for an error."""
    return _CODES.get(type(error), FAILED)


def lines(error: SynthserveError) -> list[str]:
    """Says what went wrong: one line, or one for each violation."""
    violations = error.violations if isinstance(error, InvalidRequest) else ()
    said = [str(violation) for violation in violations] or [" ".join(str(error).split())]
    return said + getattr(error, "__notes__", [])


@contextmanager
def told() -> Iterator[None]:
    """Turns errors into lines on stderr and an exit code.

    Raises:
        typer.Exit: Something went wrong.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # As the tools that a signal ends do it. What is still buffered goes nowhere, so that Python's own flush at
        # exit does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(READER_GONE) from None
    except SynthserveError as error:
        for line in lines(error):
            typer.echo(f"synthserve: {line}", err=True)
        raise typer.Exit(exit_code(error)) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"synthserve: {where}{error.strerror or error}", err=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
