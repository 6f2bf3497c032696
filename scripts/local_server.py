"""A server of exported/ on a free port, for scripts that need one for a while."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthserve_server import process

ROOT = Path(__file__).parents[1]


@contextmanager
def running_server() -> Iterator[str]:
    """Runs `synthserve-server` on a free port; gives its address."""
    with (
        tempfile.TemporaryDirectory() as folder,
        process.running_server(ROOT / "exported", Path(folder) / "log") as server,
    ):
        yield server.address
