"""Runs a server of exported/ on a free port for a script, and ends the script cleanly."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from scripts import server_process

import synthserve

ROOT = Path(__file__).parents[1]

FAILED, INTERRUPTED, READER_GONE = 1, 130, 141


@contextmanager
def running_server() -> Iterator[str]:
    """Runs `synthserve-server` on a free port; yields its address."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server_process.running_server(ROOT / "exported", Path(folder) / "log") as server,
    ):
        yield server.address


def run(main: Callable[[], None]) -> NoReturn:
    """Runs a script and ends the process with its server, also on SIGTERM and SIGHUP."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # no file may get the number of a closed stream
        pass
    os.close(opened)
    try:
        main()
        if sys.stdout:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _drop_output()
        sys.exit(READER_GONE)
    except (OSError, RuntimeError, synthserve.SynthserveError) as error:
        _drop_output()
        sys.exit(f"error: {error}")
    sys.exit(0)


def _drop_output() -> None:
    """Discards buffered output, which Python would otherwise try to write again on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
