"""Checks the repository for changes, periodically and on request."""

import asyncio

import structlog

from synthserve_server.errors import RepositoryError
from synthserve_server.models.repository import Repository

_log = structlog.get_logger()


async def poll(repository: Repository, seconds: float | None, signalled: asyncio.Event) -> None:
    """Polls a repository until it is cancelled.

    Args:
        repository: The repository.
        seconds: The time between two checks; None: only on request.
        signalled: When set, requests a check at once, which also retries failed versions.
    """
    unreadable = False
    while True:
        try:
            await asyncio.wait_for(signalled.wait(), seconds)
        except TimeoutError:
            look = repository.poll
        else:
            signalled.clear()
            look = repository.reload
        try:
            changes = await look()
        except RepositoryError as error:
            # Logged once, not at every check until the folder is readable again.
            if not unreadable:
                _log.error("model repository unreadable", why=str(error))
            unreadable = True
            continue
        unreadable = False
        if changes:
            _log.info("models changed", loaded=changes.loaded, unloaded=changes.unloaded, failed=list(changes.failed))
