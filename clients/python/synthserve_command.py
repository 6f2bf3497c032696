"""Where the command `synthserve` starts; outside the package, whose import brings gRPC."""

import os

_STANDARD = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}
"""The standard streams, and how a closed one is opened: output that has nowhere to go must fail, messages need not."""


def main() -> None:
    """Runs the command; ends the process with its exit code."""
    _open_closed_streams()
    # gRPC reads it on import. The command says itself what went wrong, in words for people.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from synthserve.cli import main as run

    run()


def _open_closed_streams() -> None:
    # Otherwise the first file or connection gets the number of a closed stream, and what is meant for that one.
    for descriptor, access in _STANDARD.items():
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # it takes the lowest number that is free, which this is


if __name__ == "__main__":
    main()
