"""Looks at the repository again and again, and whenever it is told to."""

import asyncio

import structlog

from synthserve_server.errors import RepositoryError
from synthserve_server.models.repository import Repository

_log = structlog.get_logger()


async def poll(repository: Repository, seconds: float | None, signalled: asyncio.Event) -> None:
    """Polls a repository until it is cancelled.

    Args:
        repository: The repository.
        seconds: The time between two looks; None: only when it is told to.
        signalled: Set by who wants it to look at once, and to try again what failed.
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
            # Once, and not at every look until somebody has mended it.
            if not unreadable:
                _log.error("models not looked at", why=str(error))
            unreadable = True
            continue
        unreadable = False
        if changes:
            _log.info("models changed", loaded=changes.loaded, unloaded=changes.unloaded, failed=list(changes.failed))
