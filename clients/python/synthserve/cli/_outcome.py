"""How a command ends: its exit code, and what it says about an error."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from synthserve._exceptions import (
    DeadlineExceeded,
    InvalidRequest,
    ModelNotFound,
    ResourceExhausted,
    SynthserveError,
    Unavailable,
)
from synthserve.cli._streams import FAILED, READER_GONE, say

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTED = 130

_CODES: dict[type[SynthserveError], int] = {
    InvalidRequest: 2,
    ModelNotFound: 3,
    Unavailable: 4,
    DeadlineExceeded: 5,
    ResourceExhausted: 6,
}

HELP = (
    "Exit codes: 0 done; 2 wrong usage or a value that is not allowed; 3 no such model; 4 no server, or it is "
    "unavailable; 5 --timeout ran out; 6 over a limit of the server; 130 interrupted; 129 or 143 ended by SIGHUP or "
    "SIGTERM; 141 the reader of the pipe went away; 1 anything else."
)


class Commands(TyperGroup):
    """The group of commands. Its messages about options leave out the prefix that Pydantic, which Typer uses, adds."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own context, which differs between its versions
        """Runs a command.

        Raises:
            typer.BadParameter: An option has a value that is not allowed.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


def exit_code(error: SynthserveError) -> int:
    """Returns the exit code for an error."""
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
    except BrokenPipeError:  # of a pipe that --output names; standard output ends the command by itself
        raise typer.Exit(READER_GONE) from None
    except SynthserveError as error:
        for line in lines(error):
            say(line)
        raise typer.Exit(exit_code(error)) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        say(f"{where}{error.strerror or error}")
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
