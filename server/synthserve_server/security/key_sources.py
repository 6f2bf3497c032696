"""Sources of an issuer's keys: a file, or a URL of the issuer."""

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
"""The pause after a fetch for an unknown key, or a failed fetch."""


class KeySource(Protocol):
    """Provides the keys that verify tokens."""

    async def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key with the ID for the algorithm, if there is one.

        Raises:
            KeysUnavailableError: No keys are available yet.
        """

    async def start(self) -> None:
        """Starts to keep the keys fresh."""

    async def close(self) -> None:
        """Stops keeping the keys fresh."""


class KeyFile:
    """The keys of a file, which is read again when it changes."""

    def __init__(self, file: Path) -> None:
        """Reads the file.

        Raises:
            CredentialsError: It cannot be read, or holds no usable key.
        """
        self._watched = Watched([file], lambda: parse(read(file), file.name))

    async def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key with the ID for the algorithm in the current file."""
        return self._watched.current()[0].find(key_id, algorithm)

    async def start(self) -> None:
        """Does nothing: the file is checked whenever a key is needed."""

    async def close(self) -> None:
        """Does nothing."""


class KeyEndpoint:
    """The keys that an issuer publishes.

    They are fetched at the start, every `lifetime` seconds, and when a token names an unknown key. The latter happens
    at most once in `pause` seconds, however many such tokens arrive: further ones wait for the running fetch, or are
    refused at once. While fetches fail, the old keys stay.
    """

    def __init__(self, url: str, lifetime: float, pause: float = PAUSE_SECONDS) -> None:
        """Starts without keys.

        Args:
            url: The URL of the issuer's key set.
            lifetime: Seconds after which the keys are fetched again.
            pause: Seconds between two fetches for unknown keys, and after failed ones.
        """
        self._url = url
        self._lifetime = lifetime
        self._pause = pause
        self._keys: Keys | None = None
        self._failure: str | None = None  # the last failure that was logged
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
        """The key with the ID for the algorithm; if it is unknown, the keys are fetched."""
        found = self._known(key_id, algorithm)
        if found is None and self._fetching:
            # The running fetch can be older than the key: if the key is not in it, the keys are fetched once more.
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
        """Fetches the keys; concurrent calls share one fetch."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_once())
        # A cancelled call must not cancel the fetch that others wait for.
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
