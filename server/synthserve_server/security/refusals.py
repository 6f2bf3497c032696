"""Logs refused tokens at a limited rate."""

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger()

_PAUSE_SECONDS = 60.0


class RefusedTokenError(Exception):
    """A token is not accepted; the message gives the reason for the log, and quotes nothing of the token."""


class Refusals:
    """Logs the first refusal for each reason at once, and further ones at most once a minute."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Starts without refusals.

        Args:
            now: A clock in seconds.
        """
        self._now = now
        self._unsaid: dict[str, int] = {}
        self._said: dict[str, float] = {}

    def note(self, why: str) -> None:
        """Records a refusal, and logs it if its reason was not logged recently.

        Args:
            why: One of a few fixed reasons, without any text of the caller.
        """
        count = self._unsaid.pop(why, 0) + 1
        if self._now() - self._said.get(why, -_PAUSE_SECONDS) < _PAUSE_SECONDS:
            self._unsaid[why] = count
            return
        self._said[why] = self._now()
        _log.warning("tokens refused", why=why, count=count)
