"""The command `synthserve`."""

import sys


def main() -> None:
    """Runs the command; ends the process with its exit code."""
    try:
        from synthserve.cli._app import app
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich"):
            raise
        sys.stderr.write(f"synthserve: the command needs {error.name}: pip install 'synthserve[cli]'\n")
        sys.exit(1)
    app()
