"""Tokens that are refused, and log lines about them: few, however many there are."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger()

_PAUSE_SECONDS = 60.0


class RefusedTokenError(Exception):
    """A token lets nobody in; the message tells why, for the log, and holds nothing of the token."""


class Refusals:
    """Says the first refusal for a reason at once, and more of them at most once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Has seen none.

        Args:
            now: A clock in seconds.
        """
        self._now = now
        self._unsaid: dict[str, int] = {}
        self._said: dict[str, float] = {}

    def note(self, why: str) -> None:
        """Takes note of a refusal.

        Args:
            why: One of a few reasons; nothing that a caller has sent.
        """
        count = self._unsaid.pop(why, 0) + 1
        if self._now() - self._said.get(why, -_PAUSE_SECONDS) < _PAUSE_SECONDS:
            self._unsaid[why] = count
            return
        self._said[why] = self._now()
        _log.warning("tokens refused", why=why, count=count)
