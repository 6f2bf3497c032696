"""Where the keys of an issuer come from: a file, or an address of the issuer."""

import asyncio
import math
from pathlib import Path
from typing import Any, Protocol

import structlog

from synthserve_server.errors import KeysUnavailableError
from synthserve_server.security import fetch
from synthserve_server.security.files import CredentialsError, Watched, read
from synthserve_server.security.jwks import Keys, parse

_log = structlog.get_logger()

_MOST_BYTES = 1024 * 1024
_FETCH_SECONDS = 5.0
PAUSE_SECONDS = 10.0
"""How long an issuer is left alone after it was asked about a key that was not known, or has not answered."""


class KeySource(Protocol):
    """Gives the keys that tokens are checked with."""

    async def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key of that ID for that algorithm, if there is one.

        Raises:
            KeysUnavailableError: No key is known yet at all.
        """

    async def start(self) -> None:
        """Begins to keep the keys fresh."""

    async def close(self) -> None:
        """Ends that."""


class KeyFile:
    """The keys of a file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        """Reads the file.

        Raises:
            CredentialsError: It cannot be read, or holds no key that can be used.
        """
        self._watched = Watched([file], lambda: parse(read(file), file.name))

    async def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key of that ID for that algorithm, as the file is now."""
        return self._watched.current()[0].find(key_id, algorithm)

    async def start(self) -> None:
        """Nothing is to be done: the file is looked at when a key is needed."""

    async def close(self) -> None:
        """Nothing is to be done."""


class KeyEndpoint:
    """The keys that an issuer publishes.

    They are fetched at the start and every `lifetime` seconds, and when a token names a key that is not known. The
    latter at most once in `pause` seconds, however many such tokens come: those that come meanwhile wait for the same
    answer, or are told at once that the key is not known. While the issuer gives no good answer, the keys that it gave
    before stay.
    """

    def __init__(self, url: str, lifetime: float, pause: float = PAUSE_SECONDS) -> None:
        """Knows no key yet.

        Args:
            url: Where the issuer publishes its key set.
            lifetime: Seconds after which the keys are fetched again.
            pause: Seconds between two fetches for keys that are not known, and between failed ones.
        """
        self._url = url
        self._lifetime = lifetime
        self._pause = pause
        self._keys: Keys | None = None
        self._failure: str | None = None  # what the log has spoken of
        self._fetching: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._next_question = -math.inf

    async def start(self) -> None:
        """Fetches the keys, and keeps them fresh from now on."""
        await self._fetch()
        self._refreshing = asyncio.create_task(self._refresh())

    async def close(self) -> None:
        """Fetches no more."""
        for task in (self._refreshing, self._fetching):
            if task:
                task.cancel()
                await asyncio.wait((task,))

    async def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key of that ID for that algorithm; the issuer is asked if it is not known."""
        found = self._known(key_id, algorithm)
        if found is None and self._fetching:
            # Its answer can be older than the key: if it does not hold it, the issuer is asked once more.
            await self._fetch()
            found = self._known(key_id, algorithm)
        now = asyncio.get_running_loop().time()
        if found is None and (self._fetching or now >= self._next_question):
            if not self._fetching:
                self._next_question = now + self._pause
            await self._fetch()
            found = self._known(key_id, algorithm)
        if self._keys is None:
            raise KeysUnavailableError
        return found

    def _known(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        return self._keys.find(key_id, algorithm) if self._keys else None

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(self._lifetime if self._failure is None else min(self._pause, self._lifetime))
            await self._fetch()

    async def _fetch(self) -> None:
        """Fetches the keys, together with everybody who wants that now."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_once())
        # A call that is given up must not take the fetch with it that others wait for.
        await asyncio.shield(self._fetching)

    async def _fetch_once(self) -> None:
        try:
            keys = parse(await fetch.get(self._url, _MOST_BYTES, _FETCH_SECONDS), "what it answers")
        except (fetch.FetchError, CredentialsError) as error:
            if self._failure != str(error):
                _log.error("keys of the issuer not fetched, the old ones stay", url=self._url, why=str(error))
            self._failure = str(error)
        else:
            if keys != self._keys or self._failure is not None:
                _log.info("keys of the issuer fetched", url=self._url, keys=len(keys.by_name))
            self._keys, self._failure = keys, None
        finally:
            self._fetching = None
