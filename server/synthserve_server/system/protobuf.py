"""Ensures that the server runs with the C implementation of protobuf."""

from collections.abc import MutableMapping

VARIABLE = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"

ignored: list[str] = []
"""The values of `VARIABLE` that were ignored, for the log."""


def ignore_slow_implementations(environment: MutableMapping[str, str]) -> None:
    """Removes the choice of another implementation from the environment, for this process and its children.

    The variable is often set for other programs in the same environment. The implementation in pure Python would make
    each row cost many times as much, and protobuf fails to import with an unknown value, such as an empty one.

    Args:
        environment: The variables, before the import of protobuf.
    """
    value = environment.get(VARIABLE)
    if value is None or value == "upb":
        return
    del environment[VARIABLE]
    if value:
        ignored.append(value)
