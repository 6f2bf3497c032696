"""The command `synthserve`. Its dependencies are imported after its standard streams are prepared."""

import os
import sys

from synthserve.cli._streams import FAILED, prepare, say


def main() -> None:
    """Runs the command; ends the process with its exit code."""
    prepare()
    # gRPC reads it on import. The command reports errors itself, so gRPC's log would only repeat them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        from synthserve.cli._app import app
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        say(f"the command needs {error.name}: pip install 'synthserve[cli]'")
        sys.exit(FAILED)
    try:
        app()
    finally:
        # Here, where it decides the exit code; at exit it would be too late.
        sys.stdout.flush()
