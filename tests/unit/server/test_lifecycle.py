"""The repository while it serves: what is loaded, replaced and removed, and who keeps what."""

# ruff: noqa: ASYNC110, ASYNC240 - `until` waits for what other threads change; the files here are small and local

import asyncio
import errno
import os
import shutil
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import packages, repositories

from synthserve_core.compute.devices import CPU, Devices
from synthserve_core.compute.session import Session
from synthserve_core.contract.names import ModelName
from synthserve_core.packages.reading import PackageLimits
from synthserve_server.errors import (
    ModelControlError,
    ModelFailedError,
    ModelLoadingError,
    ModelNotFoundError,
    ModelUnloadingError,
    RepositoryError,
)
from synthserve_server.models.catalogue import FailedPackage, LoadingPackage, Package, ReadyPackage, UnloadingPackage
from synthserve_server.models.control import Mode, Wanted
from synthserve_server.models.repository import Repository

GRAPH, OTHER_GRAPH = repositories.graph(1), repositories.graph(2)


def write(root: Path, version: int = 1, model: str = "m", graph: bytes = GRAPH) -> Path:
    return repositories.put(root, version, graph, model)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    write(folder)
    return folder


def opened(root: Path, mode: Mode = Mode.EXPLICIT, **options: Any) -> Repository:
    repository = Repository(root, CPU, mode=mode, **options)
    repository.load()
    return repository


@pytest.fixture
def repository(root: Path) -> Repository:
    return opened(root)


def session(repository: Repository, version: int | None = None, model: str = "m") -> Session:
    return repository.catalogue.ready(ModelName(model, version)).session


def kinds(repository: Repository, model: str = "m") -> dict[int, type[Package]]:
    return {package.version: type(package) for package in repository.catalogue.models.get(model, [])}


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what a callback of another thread brings about."""
    while not condition():
        await asyncio.sleep(0.001)


class Loads:
    """The sessions that are made, and a gate that a test can close before them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.at_once = self.most_at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        made = Session.__init__

        def counted(session: Session, graph: bytes, devices: Devices, batch_size: int) -> None:
            self.count += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.begun.set()
            assert self.gate.wait(60)
            self.at_once -= 1
            made(session, graph, devices, batch_size)

        monkeypatch.setattr(Session, "__init__", counted)


@pytest.fixture
def loads(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Loads:
    return Loads(monkeypatch)


async def test_a_new_version_takes_over_and_the_old_one_stays(root: Path, repository: Repository) -> None:
    first = session(repository)
    write(root, 2, graph=OTHER_GRAPH)
    changes = await repository.reload()
    assert (changes.loaded, changes.unloaded, changes.failed) == (["models/m/versions/2"], [], {})
    assert repository.catalogue.ready(ModelName("m", None)).version == 2
    assert session(repository, 1) is first


async def test_what_has_not_changed_is_not_loaded_again(root: Path, repository: Repository, loads: Loads) -> None:
    before = session(repository)
    for look in (repository.poll, repository.reload, lambda: repository.load_model("m")):
        assert not await look()
    os.utime(root / "m" / "1" / "model.onnx")  # touched, and its bytes are the same
    assert not await repository.poll()
    assert (loads.count, session(repository)) == (0, before)


@pytest.mark.parametrize("mode", [Mode.EXPLICIT, Mode.POLL])
async def test_a_changed_package_replaces_the_one_of_its_version_for_new_streams_only(root: Path, mode: Mode) -> None:
    repository = opened(root, mode)
    stream = repository.catalogue.ready(ModelName("m", None))  # what a stream holds on to
    write(root, 1, graph=OTHER_GRAPH)
    assert session(repository) is stream.session
    assert (await (repository.poll if mode is Mode.POLL else repository.reload)()).loaded == ["models/m/versions/1"]
    assert session(repository) is not stream.session
    kept = weakref.ref(stream.session)
    assert kept() is not None
    del stream
    await until(lambda: kept() is None)


async def test_versions_load_before_others_go(root: Path, repository: Repository) -> None:
    seen: list[bool] = []
    repository.on_change = lambda: seen.append(isinstance(repository.catalogue.default("m"), ReadyPackage))
    write(root, 2)
    shutil.rmtree(root / "m" / "1")
    changes = await repository.reload()
    assert (changes.loaded, changes.unloaded) == (["models/m/versions/2"], ["models/m/versions/1"])
    assert seen
    assert all(seen)
    await until(lambda: kinds(repository) == {2: ReadyPackage})


async def test_a_bad_new_version_leaves_the_old_one_serving(root: Path, repository: Repository) -> None:
    write(root, 2, graph=b"no graph")
    assert (await repository.reload()).failed == {"models/m/versions/2": "the graph is not an ONNX model"}
    assert kinds(repository) == {2: FailedPackage, 1: ReadyPackage}
    assert repository.catalogue.ready(ModelName("m", None)).version == 1
    with pytest.raises(ModelFailedError, match="models/m/versions/2 could not be loaded: the graph is not"):
        await repository.load_model("m")
    write(root, 2)
    assert (await repository.poll()).loaded == ["models/m/versions/2"]


async def test_a_bad_package_does_not_replace_the_one_that_serves(root: Path, repository: Repository) -> None:
    before = session(repository)
    folder = write(root, graph=b"no graph")
    assert list((await repository.poll()).failed) == ["models/m/versions/1"]
    assert session(repository) is before
    assert repository.catalogue.ready(ModelName("m", 1)).reload_failure == "the graph is not an ONNX model"
    shutil.rmtree(folder)
    folder.mkdir()
    assert (await repository.poll()).failed == {"models/m/versions/1": "No such file or directory: manifest.json"}
    write(root)  # what serves, once more
    assert not await repository.poll()
    package = repository.catalogue.ready(ModelName("m", 1))
    assert (package.session is before, package.reload_failure) == (True, "")


async def test_what_failed_is_tried_again_when_its_files_change_or_somebody_asks(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error", "model.onnx")

    with monkeypatch.context() as patched:
        patched.setattr(Session, "__init__", broken)
        write(root, 2)
        assert (await repository.poll()).failed == {"models/m/versions/2": "Input/output error: model.onnx"}
        assert not await repository.poll()
        assert (await repository.reload()).failed
    assert not await repository.poll()
    assert (await repository.reload()).loaded == ["models/m/versions/2"]


async def test_a_removed_model_is_unloaded_when_its_last_stream_has_ended(root: Path, repository: Repository) -> None:
    stream = repository.catalogue.ready(ModelName("m", None))
    shutil.rmtree(root / "m")
    assert (await repository.poll()).unloaded == ["models/m/versions/1"]
    assert kinds(repository) == {1: UnloadingPackage}
    with pytest.raises(ModelUnloadingError, match="only finishes its running streams"):
        repository.catalogue.ready(ModelName("m", None))
    assert not await repository.poll()
    kept = weakref.ref(stream.session)
    assert kept() is not None
    del stream
    await until(lambda: repository.catalogue.models == {})
    assert kept() is None


async def test_unload_waits_for_the_streams(repository: Repository) -> None:
    streams = [repository.catalogue.ready(ModelName("m", None)) for _ in range(2)]
    unloading = asyncio.ensure_future(repository.unload_model("m"))
    await until(lambda: kinds(repository) == {1: UnloadingPackage})
    streams.pop()
    assert not unloading.done()
    with pytest.raises(ModelUnloadingError):
        repository.catalogue.ready(ModelName("m", 1))
    streams.pop()
    assert (await unloading).unloaded == ["models/m/versions/1"]
    assert repository.catalogue.models == {}
    with pytest.raises(ModelNotFoundError):
        await repository.unload_model("m")


async def test_who_stops_waiting_for_an_unload_changes_nothing(repository: Repository) -> None:
    stream = repository.catalogue.ready(ModelName("m", None))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(repository.unload_model("m"), 0.01)
    assert kinds(repository) == {1: UnloadingPackage}
    del stream
    await until(lambda: repository.catalogue.models == {})


async def test_who_stops_waiting_for_a_load_changes_nothing(root: Path, repository: Repository, loads: Loads) -> None:
    write(root, 2)
    loads.gate.clear()
    loading = asyncio.ensure_future(repository.load_model("m"))
    await asyncio.to_thread(loads.begun.wait)
    assert kinds(repository) == {2: LoadingPackage, 1: ReadyPackage}
    assert repository.catalogue.ready(ModelName("m", None)).version == 1
    with pytest.raises(ModelLoadingError, match="models/m/versions/2 is being loaded"):
        repository.catalogue.ready(ModelName("m", 2))
    loading.cancel()
    loads.gate.set()
    await until(lambda: kinds(repository) == {2: ReadyPackage, 1: ReadyPackage})


async def test_loads_are_one_at_a_time(root: Path, repository: Repository, loads: Loads) -> None:
    for model in ("a", "b", "c"):
        write(root, model=model)
    await asyncio.gather(*(repository.load_model(model) for model in ("a", "b", "c", "a")), repository.reload())
    assert (loads.count, loads.most_at_once) == (3, 1)
    assert list(repository.catalogue.models) == ["a", "b", "c", "m"]


async def test_an_unloaded_model_comes_back_only_when_it_is_asked_for(root: Path, repository: Repository) -> None:
    await repository.unload_model("m")
    write(root, 2)
    assert not await repository.reload()
    assert repository.catalogue.models == {}
    assert (await repository.load_model("m")).loaded == ["models/m/versions/1", "models/m/versions/2"]


async def test_explicit_control_begins_with_the_models_named(root: Path) -> None:
    write(root, model="other")
    repository = opened(root, wanted=["m"])
    write(root, model="new")
    assert not await repository.reload()
    assert list(repository.catalogue.models) == ["m"]
    await repository.load_model("other")
    assert list(repository.catalogue.models) == ["m", "other"]


async def test_a_model_to_begin_with_that_is_not_there_is_a_failed_one(root: Path) -> None:
    repository = opened(root, wanted=["absent"])
    (package,) = repository.catalogue.models["absent"]
    assert package == FailedPackage("absent", 0, "No such file or directory: absent")
    write(root, model="absent")
    assert (await repository.poll()).loaded == ["models/absent/versions/1"]
    assert kinds(repository, "absent") == {1: ReadyPackage}


@pytest.mark.parametrize(("mode", "reloads"), [(Mode.NONE, False), (Mode.POLL, True)])
async def test_other_modes_refuse_calls(root: Path, mode: Mode, reloads: bool) -> None:
    repository = opened(root, mode)
    for change in (repository.load_model, repository.unload_model):
        with pytest.raises(ModelControlError, match=f"--model-control-mode {mode}; for this it must be explicit"):
            await change("m")
    if reloads:
        assert not await repository.reload()
    else:
        with pytest.raises(ModelControlError, match="it must be explicit or poll"):
            await repository.reload()
    assert kinds(repository) == {1: ReadyPackage}


@pytest.mark.parametrize("name", ["absent", "..", "../models/m", "/etc", "", "M", "m/1", "m\0"])
async def test_names_never_become_paths(repository: Repository, name: str) -> None:
    for change in (repository.load_model, repository.unload_model):
        with pytest.raises(ModelNotFoundError):
            await change(name)
    assert kinds(repository) == {1: ReadyPackage}


async def test_a_repository_that_cannot_be_read_changes_nothing(root: Path, repository: Repository) -> None:
    root.rename(root.with_name("gone"))
    for look in (repository.poll, repository.reload, lambda: repository.load_model("m")):
        with pytest.raises(RepositoryError, match="No such file or directory: models"):
            await look()
    assert kinds(repository) == {1: ReadyPackage}


async def test_a_folder_that_cannot_be_read_leaves_its_model_serving(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    real = Path.iterdir

    def denied(path: Path) -> Any:
        if path == root / "m":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", denied)
        for look in (repository.poll, repository.reload):
            assert (await look()).failed == {"models/m": "Permission denied: m"}
        assert not await repository.poll()
    assert kinds(repository) == {1: ReadyPackage}
    assert repository.catalogue.ready(ModelName("m", 1)).reload_failure == "Permission denied: m"
    await repository.poll()
    assert repository.catalogue.ready(ModelName("m", 1)).reload_failure == ""


async def test_a_file_that_vanishes_while_it_is_read_is_a_failure(
    root: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, 2)
    real = Path.open

    def vanishing(path: Path, *arguments: Any) -> Any:
        if path.name == "model.onnx":
            path.unlink()
        return real(path, *arguments)

    monkeypatch.setattr(Path, "open", vanishing)
    assert (await repository.reload()).failed == {"models/m/versions/2": "No such file or directory: model.onnx"}


def link_graph(folder: Path, target: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(target)


async def test_links_may_not_lead_out_of_the_repository(root: Path, repository: Repository, tmp_path: Path) -> None:
    outside = repositories.put(tmp_path / "elsewhere", 2, GRAPH)
    link_graph(write(root, 2), outside / "model.onnx")
    (root / "m" / "3").symlink_to(outside)
    assert (await repository.reload()).failed == {
        "models/m/versions/2": "model.onnx is a link that leads out of the repository",
        "models/m/versions/3": "manifest.json is a link that leads out of the repository",
    }
    kept = write(root, 4)
    (kept / "model.onnx").rename(root / ".model.onnx")  # a link within the repository is one
    (kept / "model.onnx").symlink_to(root / ".model.onnx")
    assert (await repository.poll()).loaded == ["models/m/versions/4"]


def test_what_is_no_file_is_not_waited_for(root: Path) -> None:
    file = root / "m" / "1" / "model.onnx"
    file.unlink()
    os.mkfifo(file)
    (package,) = opened(root).catalogue.models["m"]
    assert package == FailedPackage("m", 1, "model.onnx is not a file")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (PackageLimits(manifest_bytes=100), "manifest.json has more than 100 bytes"),
        (PackageLimits(graph_bytes=100), "model.onnx has more than 100 bytes"),
    ],
)
def test_large_files_are_not_read(root: Path, limits: PackageLimits, reason: str) -> None:
    (package,) = opened(root, limits=limits).catalogue.models["m"]
    assert package == FailedPackage("m", 1, reason)


def test_a_graph_that_takes_too_long_fails(tmp_path: Path) -> None:
    root = tmp_path / "models"
    packages.write_package(root, "slow", packages.slow_graph(10**12), packages.SLOW_MANIFEST)
    (package,) = opened(root, limits=PackageLimits(warm_up_seconds=0.05)).catalogue.models["slow"]
    assert package == FailedPackage("slow", 1, "the graph takes more than 0.05 s for two samples")


def test_a_start_is_given_up(root: Path, tmp_path: Path) -> None:
    packages.write_package(root, "slow", packages.slow_graph(10**12), packages.SLOW_MANIFEST)
    repository = Repository(root, CPU)
    starting = threading.Thread(target=repository.load)
    starting.start()
    repository.give_up()
    starting.join()


async def test_closing_frees_every_session(repository: Repository) -> None:
    stream = repository.catalogue.ready(ModelName("m", None))
    await repository.close()
    assert repository.catalogue.models == {}
    assert stream.session


def test_wanted() -> None:
    every, none = Wanted(None), Wanted([])
    assert ("a" in every, "a" in none) == (True, False)
    every.remove("a")
    none.add("a")
    assert ("a" in every, "b" in every, "a" in none, "b" in none) == (False, True, True, False)
    every.add("a")
    none.remove("a")
    assert ("a" in every, "a" in none) == (True, False)
