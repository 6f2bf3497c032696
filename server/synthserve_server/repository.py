"""Finds model packages, verifies and loads them, and says which one a name means."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from synthserve.v1 import manifest_pb2
from synthserve_server import manifest as manifests
from synthserve_server.errors import ModelFailedError, ModelNotFoundError
from synthserve_server.manifest import ManifestError
from synthserve_server.names import MODEL_ID, VERSION, ModelName
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.errors import GraphError
from synthserve_server.runtime.model import Model
from synthserve_server.runtime.provider import Provider
from synthserve_server.runtime.sampler import Draw, sample
from synthserve_server.runtime.session import Session

MANIFEST = "manifest.json"
"""The file that makes a folder a package."""

UNKNOWN_VERSION = 0
"""Stands for the versions of a model whose folder cannot be read. No package has it: versions begin at 1."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class ReadyPackage:
    """A version that can generate."""

    manifest: manifest_pb2.Manifest
    model: Model
    session: Session

    @property
    def id(self) -> str:
        """The model's identifier."""
        return self.model.id

    @property
    def version(self) -> int:
        """The version."""
        return self.model.version


@dataclass(frozen=True)
class FailedPackage:
    """A version that could not be loaded, and why, in one sentence."""

    id: str
    version: int
    reason: str

    @property
    def name(self) -> str:
        """The resource name of the version, or of the model where its versions are not known."""
        model = f"models/{self.id}"
        return model if self.version == UNKNOWN_VERSION else f"{model}/versions/{self.version}"


Package = ReadyPackage | FailedPackage


class Catalogue:
    """Every package that was found: a snapshot that never changes."""

    def __init__(self, packages: list[Package]) -> None:
        """Sorts the packages: models by name, versions newest first."""
        models: dict[str, list[Package]] = {}
        for package in sorted(packages, key=lambda package: (package.id, -package.version)):
            models.setdefault(package.id, []).append(package)
        self.models: Mapping[str, list[Package]] = models
        """The packages by model, newest first."""

    def default(self, model_id: str) -> Package:
        """The version that a name without a version means: the newest that is ready, else the newest."""
        versions = self.models[model_id]
        return next((package for package in versions if isinstance(package, ReadyPackage)), versions[0])

    def find(self, name: ModelName) -> Package:
        """The package that a name means.

        Raises:
            ModelNotFoundError: There is no such model or version.
        """
        if name.id not in self.models:
            raise ModelNotFoundError(f"models/{name.id}", (f"models/{known}" for known in self.models))
        if name.version is None:
            return self.default(name.id)
        versions = self.models[name.id]
        for package in versions:
            if package.version in (name.version, UNKNOWN_VERSION):
                return package
        raise ModelNotFoundError(
            f"models/{name.id}/versions/{name.version}",
            (f"models/{name.id}/versions/{package.version}" for package in versions),
        )

    def ready(self, name: ModelName) -> ReadyPackage:
        """The package that a name means, when it can generate.

        Raises:
            ModelNotFoundError: There is no such model or version.
            ModelFailedError: It could not be loaded.
        """
        package = self.find(name)
        if isinstance(package, FailedPackage):
            raise ModelFailedError(package.name, package.reason)
        return package

    def served(self) -> list[ReadyPackage]:
        """The default version of each model that can generate, by name."""
        defaults = [self.default(model_id) for model_id in self.models]
        return [package for package in defaults if isinstance(package, ReadyPackage)]


class Repository:
    """A folder of packages, `{model}/{version}/manifest.json`, and what was loaded from it."""

    def __init__(self, root: Path, provider: Provider) -> None:
        """Points at a folder; `load` reads it.

        Args:
            root: The folder.
            provider: Where the graphs run.
        """
        self._root = root
        self._provider = provider
        self.catalogue = Catalogue([])
        """What is served now. Replaced as a whole, so that every call sees one state of it."""

    def load(self) -> None:
        """Loads every package in the folder; one that cannot be loaded is noted as failed, and the rest serve."""
        self.catalogue = Catalogue(list(self._packages()))

    def _packages(self) -> Iterator[Package]:
        for folder in _folders(self._root):
            if MODEL_ID.fullmatch(folder.name) is None:
                _log.warning("folder skipped: not the name of a model", folder=folder.name)
                continue
            try:
                versions = _folders(folder)
            except OSError as error:
                yield _failed(folder.name, UNKNOWN_VERSION, error)
                continue
            for version in versions:
                if VERSION.fullmatch(version.name) is None:
                    _log.warning("folder skipped: not a version", folder=f"{folder.name}/{version.name}")
                    continue
                yield self._load(folder.name, int(version.name), version)

    def _load(self, model_id: str, version: int, folder: Path) -> Package:
        try:
            package = load_package(model_id, version, folder, self._provider)
        except Exception as error:
            return _failed(model_id, version, error)
        _log.info("model loaded", model=package.model.name)
        return package


def _failed(model_id: str, version: int, error: Exception) -> FailedPackage:
    """Tells the log, and the callers what they may know."""
    expected = True
    if isinstance(error, OSError):
        reason = f"{error.strerror}: {Path(str(error.filename)).name}"
    elif isinstance(error, ManifestError | GraphError):
        reason = str(error)
    else:
        expected, reason = False, "an unexpected error; the server's log has it"
    package = FailedPackage(model_id, version, reason)
    _log.error("model failed to load", model=package.name, reason=reason, exc_info=None if expected else error)
    return package


def load_package(model_id: str, version: int, folder: Path, provider: Provider) -> ReadyPackage:
    """Reads, verifies, loads and tries out one package.

    Args:
        model_id: The name of the model's folder.
        version: The name of the version's folder.
        folder: The version's folder.
        provider: Where the graph runs.

    Raises:
        ManifestError: The manifest is not right, or the graph's digest is another.
        GraphError: The graph cannot be loaded or run, or does not fit the manifest.
        OSError: A file cannot be read.
    """
    manifest = manifests.parse((folder / MANIFEST).read_bytes())
    model = manifests.describe(manifest, model_id, version)
    # Read once, so that what is verified is what runs.
    graph = (folder / manifest.graph.file).read_bytes()
    digest = hashlib.sha256(graph).hexdigest()
    if digest != manifest.graph.sha256:
        raise ManifestError(
            f"{manifest.graph.file} has the SHA-256 {digest}, not {manifest.graph.sha256} as the manifest says"
        )
    session = Session(graph, provider)
    session.check(model)
    # The first run allocates and, on a GPU, chooses kernels; it also shows what the graph really gives.
    sample(Draw(model, session, seed=0, start=0, count=2), Cancellation())
    return ReadyPackage(manifest, model, session)


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder that are not hidden, by name."""
    return sorted(path for path in parent.iterdir() if not path.name.startswith(".") and _is_folder(path))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return True  # Reading it will tell what is wrong.
