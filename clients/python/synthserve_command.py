"""Where the command `synthserve` starts; outside the package, whose import brings gRPC."""

import os


def main() -> None:
    """Runs the command; ends the process with its exit code."""
    # gRPC reads it on import. The command says itself what went wrong, in words for people.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from synthserve.cli import main as run

    run()


if __name__ == "__main__":
    main()
