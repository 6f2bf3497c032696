"""How an evaluation that takes an hour says how far it is."""

from collections.abc import Callable

# (what is under way, how many are done, of how many)
Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _of: int) -> None:
    """Says nothing."""
