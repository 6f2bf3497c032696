"""Runs a server in a separate process: for demos, measurements and tests against a real server."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-m", "synthserve_server"]
"""The command `synthserve-server` of this environment."""

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


@dataclass(frozen=True)
class ServerProcess:
    """A server that is ready."""

    process: subprocess.Popen[str]
    address: str
    log: Path
    port_file: Path


@contextmanager
def running_server(
    model_repository: Path,
    log: Path,
    *flags: str,
    start_seconds: float = _START_SECONDS,
    checkout: Path | None = None,
) -> Iterator[ServerProcess]:
    """Runs a server on a free port of 127.0.0.1, and ends it afterwards.

    Args:
        model_repository: The folder that holds the model packages.
        log: The file for its log. The port file is next to it.
        *flags: More flags of `synthserve-server`; they override those that are set here.
        start_seconds: The time limit for the start.
        checkout: Another checkout, whose code runs with the packages of this environment; None: this one.

    Raises:
        RuntimeError: The server did not start; the message contains its log.
    """
    port_file = log.with_name(f"{log.name}.port")
    port_file.unlink(missing_ok=True)
    settings = ["--model-repository", str(model_repository), "--listen", "127.0.0.1:0", "--port-file", str(port_file)]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*COMMAND, *settings, *flags],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=_environment(checkout) if checkout else None,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + start_seconds
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
                time.sleep(0.02)
            yield ServerProcess(process, f"127.0.0.1:{port_file.read_text().strip()}", log, port_file)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _environment(checkout: Path) -> dict[str, str]:
    """The variables with which Python finds the code of a checkout before that of the environment."""
    folders = [checkout / name for name in ("clients/python", "server", "server/core")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(folder.resolve()) for folder in folders)}
