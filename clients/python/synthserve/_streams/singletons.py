"""Objects that cannot be copied, because they hold a connection."""

from __future__ import annotations

from typing import NoReturn


class NotCopied:
    """Says so when it is pickled or copied, which would fail on something inside of it."""

    def __reduce__(self) -> NoReturn:
        """Refuses.

        Raises:
            TypeError: Always.
        """
        kind = type(self).__name__
        raise TypeError(f"a {kind} holds a connection and cannot be pickled or copied: make one in each process")
