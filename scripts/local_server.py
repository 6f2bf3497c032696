"""A server of exported/ on a free port, for scripts that need one for a while."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


@contextmanager
def running_server() -> Iterator[str]:
    """Runs `synthserve-server` on a free port; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        port_file, log = Path(folder) / "port", Path(folder) / "log"
        program = Path(sys.executable).with_name("synthserve-server")
        options = [
            "--model-repository",
            str(ROOT / "exported"),
            "--listen",
            "127.0.0.1:0",
            "--port-file",
            str(port_file),
        ]
        with log.open("w") as sink:
            server = subprocess.Popen([program, *options], stdout=sink, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not port_file.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"the server did not start:\n{log.read_text()}")
                time.sleep(0.05)
            yield f"127.0.0.1:{port_file.read_text().strip()}"
        finally:
            server.terminate()
            server.wait(timeout=START_SECONDS)
