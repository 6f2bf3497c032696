"""Which implementation of protobuf the server runs with: the one in C."""

from collections.abc import MutableMapping

VARIABLE = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"

ignored: list[str] = []
"""The values of `VARIABLE` that were ignored, for the log."""


def ignore_slow_implementations(environment: MutableMapping[str, str]) -> None:
    """Takes the choice of another implementation out of the environment, for this process and those that it starts.

    People set it for other programs in the same environment. Here the one in pure Python would make each row cost many
    times as much, and protobuf does not even start with a value that it does not know, an empty one for example.

    Args:
        environment: The variables, before protobuf is imported.
    """
    value = environment.get(VARIABLE)
    if value is None or value == "upb":
        return
    del environment[VARIABLE]
    if value:
        ignored.append(value)
