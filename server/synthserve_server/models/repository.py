"""Loads, replaces and removes the packages of a folder while the server runs, without interrupting streams.

The served packages are one immutable `Catalogue`, which is replaced as a whole. A stream looks up its version once and
keeps it: it ends with the session that it began with, whatever happens to the repository.
"""

import asyncio
import errno
import os
import weakref
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import Devices
from synthserve_core.packages import reading as packages
from synthserve_core.packages.reading import PackageLimits
from synthserve_server.errors import ModelControlError, ModelFailedError, ModelNotFoundError, RepositoryError
from synthserve_server.models import scan
from synthserve_server.models.catalogue import (
    UNKNOWN_VERSION,
    Catalogue,
    FailedPackage,
    LoadingPackage,
    Package,
    ReadyPackage,
    UnloadingPackage,
    resource_name,
)
from synthserve_server.models.control import Changes, Mode, Wanted
from synthserve_server.models.failures import failed, reason
from synthserve_server.models.scan import Found, Stamps

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Seen:
    """The files that a version was last loaded from, or failed with."""

    stamps: Stamps | None
    digest: str | None
    """The digest of the served content; None if the version is not served."""


class Repository:
    """A folder of packages, `{model}/{version}/manifest.json`, and the packages loaded from it.

    All coroutines run in one event loop. Operations run one at a time, and load packages in a thread. An operation that
    has begun continues if the task that awaits it is cancelled.
    """

    def __init__(
        self,
        root: Path,
        devices: Devices,
        *,
        limits: PackageLimits | None = None,
        mode: Mode = Mode.NONE,
        wanted: Iterable[str] | None = None,
    ) -> None:
        """Points at a folder; `load` reads it.

        Args:
            root: The folder.
            devices: Where the graphs run.
            limits: Limits on each package.
            mode: What decides which models are served.
            wanted: The models to start with; None: all.
        """
        self._root = root
        self._devices = devices
        self._limits = limits or PackageLimits()
        self._mode = mode
        self._named = list(wanted or ())
        self._wanted = Wanted(wanted)
        self._seen: dict[tuple[str, int], _Seen] = {}
        self._skipped: frozenset[str] = frozenset()
        self._lock = asyncio.Lock()
        self._operations: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._trying = Cancellation()  # of the package that is being loaded
        self.catalogue = Catalogue([])
        """The served packages. Replaced as a whole, so that every call sees a consistent state."""
        self.on_change: Callable[[], None] = lambda: None
        """Called in the event loop after each replacement of the catalogue."""

    def load(self) -> None:
        """Loads the packages at the start, in any thread, before the server serves.

        A package that cannot be loaded is recorded as failed; the others are served.

        Raises:
            RepositoryError: The folder cannot be read.
        """
        found = self._find()
        absent = [name for name in self._named if name not in found.models]
        loaded: list[Package] = [
            failed(name, UNKNOWN_VERSION, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name))
            for name in absent
        ]
        for model_id, versions in found.models.items():
            if model_id not in self._wanted:
                continue
            if isinstance(versions, OSError):
                loaded.append(failed(model_id, UNKNOWN_VERSION, versions))
                continue
            for version, folder in versions.items():
                if self._closing:
                    return
                loaded.append(self._load(model_id, version, folder, None))
        self.catalogue = Catalogue(loaded)

    async def load_model(self, model_id: str) -> Changes:
        """Loads the new, changed and failed versions of a model, and serves it from now on.

        Args:
            model_id: The name of the model's folder.

        Raises:
            ModelControlError: The mode does not allow it.
            ModelNotFoundError: There is no such folder.
            ModelFailedError: A version could not be loaded; the others are served.
            RepositoryError: The folder of all models cannot be read.
        """
        self._require(Mode.EXPLICIT)
        changes = await self._alone(lambda: self._load_model(model_id))
        if changes.failed:
            raise ModelFailedError(*next(iter(changes.failed.items())))
        return changes

    async def unload_model(self, model_id: str) -> Changes:
        """Unloads a model: takes it out of service at once, and waits until its last stream has freed its memory.

        Cancelling the wait does not cancel the unloading.

        Args:
            model_id: The model's identifier.

        Raises:
            ModelControlError: The mode does not allow it.
            ModelNotFoundError: It is not served, and did not fail.
        """
        self._require(Mode.EXPLICIT)
        changes, freed = await self._alone(lambda: self._unload_model(model_id))
        for event in freed:
            await event.wait()
        return changes

    async def reload(self) -> Changes:
        """Checks the folder: loads new and changed versions, retries failed ones, and unloads those that are gone.

        Only wanted models are checked: with `Mode.EXPLICIT` those that were requested and not unloaded since.

        Raises:
            ModelControlError: The mode does not allow it.
            RepositoryError: The folder cannot be read.
        """
        self._require(Mode.EXPLICIT, Mode.POLL)
        return await self._alone(lambda: self._refresh(retry=True))

    async def poll(self) -> Changes:
        """Like `reload`, but retries a failed version only after its files change.

        Raises:
            RepositoryError: The folder cannot be read.
        """
        return await self._alone(lambda: self._refresh(retry=False))

    def give_up(self) -> None:
        """Stops loading packages; may be called in any thread. onnxruntime finishes the graph that it is reading."""
        self._closing = True
        self._trying.cancel()

    async def close(self) -> None:
        """Cancels the running operations, and releases every session."""
        self.give_up()
        for task in self._operations:
            task.cancel()
        await asyncio.gather(*self._operations, return_exceptions=True)
        self._put(Catalogue([]))

    def _require(self, *modes: Mode) -> None:
        if self._mode not in modes:
            raise ModelControlError(self._mode, " or ".join(modes))

    async def _alone(self, operation: Callable[[], Awaitable[T]]) -> T:
        async def carry_out() -> T:
            async with self._lock:
                return await operation()

        task = asyncio.ensure_future(carry_out())
        self._operations.add(task)
        task.add_done_callback(self._operations.discard)
        return await asyncio.shield(task)

    async def _load_model(self, model_id: str) -> Changes:
        found = await asyncio.to_thread(self._find)
        if model_id not in found.models:
            raise ModelNotFoundError(f"models/{model_id}", (f"models/{known}" for known in found.models))
        self._wanted.add(model_id)
        changes = Changes()
        await self._refresh_model(model_id, found, changes, retry=True)
        return changes

    async def _unload_model(self, model_id: str) -> tuple[Changes, list[asyncio.Event]]:
        if model_id not in self.catalogue.models:
            raise ModelNotFoundError(f"models/{model_id}", (f"models/{known}" for known in self.catalogue.models))
        self._wanted.remove(model_id)
        changes = Changes()
        return changes, self._remove([(model_id, p.version) for p in self.catalogue.models[model_id]], changes)

    async def _refresh(self, *, retry: bool) -> Changes:
        found = await asyncio.to_thread(self._find)
        changes = Changes()
        for model_id in [one for one in found.models if one in self._wanted]:
            await self._refresh_model(model_id, found, changes, retry=retry)
        self._remove([(p.id, p.version) for p in self.catalogue.packages if p.id not in found.models], changes)
        return changes

    async def _refresh_model(self, model_id: str, found: Found, changes: Changes, *, retry: bool) -> None:
        """Loads new versions before it removes old ones, so that the model always has a version."""
        versions = found.models[model_id]
        if isinstance(versions, OSError):
            if self._note_unreadable(model_id, versions) or retry:
                changes.failed[resource_name(model_id, UNKNOWN_VERSION)] = reason(versions)
            return
        for version, folder in versions.items():
            await self._refresh_version(model_id, version, folder, changes, retry=retry)
        known = self.catalogue.models.get(model_id, [])
        self._remove([(model_id, p.version) for p in known if p.version not in versions], changes)

    def _note_unreadable(self, model_id: str, error: OSError) -> bool:
        """Records that the folder of a model cannot be read; its versions stay served. Returns whether that is new."""
        before, why = self.catalogue, reason(error)
        served = [p for p in self.catalogue.models.get(model_id, ()) if isinstance(p, ReadyPackage)]
        if not served:
            known = self.catalogue.get(model_id, UNKNOWN_VERSION)
            if known != FailedPackage(model_id, UNKNOWN_VERSION, why):
                self._put(self.catalogue.with_package(failed(model_id, UNKNOWN_VERSION, error)))
        for package in served:
            if package.reload_failure != why:
                failed(model_id, package.version, error)
                self._put(self.catalogue.with_package(replace(package, reload_failure=why)))
            seen = self._seen[model_id, package.version]
            self._seen[model_id, package.version] = replace(seen, stamps=None)  # to be checked once it is readable
        return self.catalogue is not before

    async def _refresh_version(
        self, model_id: str, version: int, folder: Path, changes: Changes, *, retry: bool
    ) -> None:
        old = self.catalogue.get(model_id, version)
        healthy = isinstance(old, ReadyPackage) and not old.reload_failure
        if not (retry and not healthy) and not await asyncio.to_thread(self._changed, model_id, version, folder):
            return
        served = old if isinstance(old, ReadyPackage) else None
        del old
        if served is None:
            self._put(self.catalogue.with_package(LoadingPackage(model_id, version)))
        package = await asyncio.to_thread(self._load, model_id, version, folder, served)
        name = resource_name(model_id, version)
        if isinstance(package, FailedPackage):
            changes.failed[name] = package.reason
        elif package.reload_failure:
            changes.failed[name] = package.reload_failure
        elif served is None or package.session is not served.session:
            changes.loaded.append(name)
        if served and isinstance(package, ReadyPackage) and package.session is not served.session:
            self._watch(served, None)
        self._put(self.catalogue.with_package(package))

    def _remove(self, versions: Iterable[tuple[str, int]], changes: Changes) -> list[asyncio.Event]:
        """Takes versions out of service; the returned events are set when their sessions are freed."""
        freed = []
        for model_id, version in versions:
            package = self.catalogue.get(model_id, version)
            self._seen.pop((model_id, version), None)
            if isinstance(package, UnloadingPackage):
                continue
            left = self.catalogue.without(model_id, version)
            if isinstance(package, ReadyPackage):
                changes.unloaded.append(package.model.name)
                marker = UnloadingPackage(model_id, version)
                left = left.with_package(marker)
                freed.append(self._watch(package, marker))
            del package
            self._put(left)
        return freed

    def _watch(self, package: ReadyPackage, marker: UnloadingPackage | None) -> asyncio.Event:
        """Watches for the end of the last stream that uses the session of a package.

        Args:
            package: The package, which the caller removes from the catalogue.
            marker: Its entry in the catalogue until then.
        """
        freed = asyncio.Event()
        loop = asyncio.get_running_loop()
        name = package.model.name

        def note() -> None:
            _log.info("session freed", model=name)
            if marker and self.catalogue.get(marker.id, marker.version) is marker:
                self._put(self.catalogue.without(marker.id, marker.version))
            freed.set()

        def tell() -> None:  # runs in the thread that drops the last reference
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(note)

        weakref.finalize(package.session, tell).atexit = False
        return freed

    def _put(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.on_change()

    def _find(self) -> Found:
        try:
            found = scan.find(self._root)
        except OSError as error:
            raise RepositoryError(reason(error)) from error
        for name in sorted(found.skipped - self._skipped):
            _log.warning("folder skipped: not the name of a model or version", folder=name)
        self._skipped = found.skipped
        return found

    def _changed(self, model_id: str, version: int, folder: Path) -> bool:
        seen = self._seen.get((model_id, version))
        return seen is None or seen.stamps != _stamps(folder)

    def _load(
        self, model_id: str, version: int, folder: Path, served: ReadyPackage | None
    ) -> ReadyPackage | FailedPackage:
        """Loads a version, unless its content is served already. A failure does not replace a served version."""
        key = (model_id, version)
        # Taken before the files are read: the next check notices a change in between.
        stamps = _stamps(folder)
        before = self._seen.get(key, _Seen(None, None)).digest if served else None
        self._seen[key] = _Seen(stamps, before)
        try:
            content = packages.read(model_id, version, folder, self._limits)
            if served and content.digest == before:
                return replace(served, reload_failure="")
            self._trying = Cancellation()
            if self._closing:
                self._trying.cancel()
            package = ReadyPackage(packages.load(content, self._devices, self._limits, self._trying))
        except Exception as error:
            failure = failed(model_id, version, error)
            return replace(served, reload_failure=failure.reason) if served else failure
        self._seen[key] = _Seen(stamps, content.digest)
        _log.info("model loaded", model=package.model.name, device=str(package.session.devices))
        return package


def _stamps(folder: Path) -> Stamps | None:
    try:
        return scan.stamps(folder)
    except OSError:
        return None
