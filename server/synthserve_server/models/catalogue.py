"""A snapshot of all packages, and the lookup of packages by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from synthserve.v1 import manifest_pb2
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Model
from synthserve_core.contract.names import ModelName
from synthserve_core.packages.reading import LoadedPackage
from synthserve_server.errors import ModelFailedError, ModelLoadingError, ModelNotFoundError, ModelUnloadingError
from synthserve_server.models.states import State

UNKNOWN_VERSION = 0
"""The version of an entry for a model whose folder cannot be read. No package has it: versions begin at 1."""


def resource_name(model_id: str, version: int) -> str:
    """The name of a version, or of the model if its versions are not known."""
    model = f"models/{model_id}"
    return model if version == UNKNOWN_VERSION else f"{model}/versions/{version}"


@dataclass(frozen=True)
class ReadyPackage:
    """A version that can generate.

    It holds its session, which is freed when the last stream that uses it has ended.
    """

    state: ClassVar = State.READY
    loaded: LoadedPackage
    reload_failure: str = ""
    """Why the current content of the folder could not replace this package, in one sentence; empty: no failure."""

    @property
    def manifest(self) -> manifest_pb2.Manifest:
        """The manifest."""
        return self.loaded.manifest

    @property
    def model(self) -> Model:
        """The model that the manifest describes."""
        return self.loaded.model

    @property
    def session(self) -> Session:
        """The graph that generates."""
        return self.loaded.session

    @property
    def id(self) -> str:
        """The model's identifier."""
        return self.model.id

    @property
    def version(self) -> int:
        """The version."""
        return self.model.version


@dataclass(frozen=True)
class _WithoutSession:
    id: str
    version: int

    @property
    def name(self) -> str:
        """The resource name of the version, or of the model if its versions are not known."""
        return resource_name(self.id, self.version)


@dataclass(frozen=True)
class FailedPackage(_WithoutSession):
    """A version that could not be loaded, and the reason, in one sentence."""

    state: ClassVar = State.FAILED
    reason: str


@dataclass(frozen=True)
class LoadingPackage(_WithoutSession):
    """A new version that is being loaded."""

    state: ClassVar = State.LOADING


@dataclass(frozen=True)
class UnloadingPackage(_WithoutSession):
    """A version that accepts no new streams, and still has running ones."""

    state: ClassVar = State.UNLOADING


Package: TypeAlias = ReadyPackage | FailedPackage | LoadingPackage | UnloadingPackage


class Catalogue:
    """An immutable snapshot of all packages."""

    def __init__(self, packages: Iterable[Package]) -> None:
        """Sorts the packages: models by name, versions newest first."""
        models: dict[str, list[Package]] = {}
        for package in sorted(packages, key=lambda package: (package.id, -package.version)):
            models.setdefault(package.id, []).append(package)
        self.models: Mapping[str, list[Package]] = models
        """The packages of each model, newest version first."""

    @property
    def packages(self) -> list[Package]:
        """Every package."""
        return [package for versions in self.models.values() for package in versions]

    def get(self, model_id: str, version: int) -> Package | None:
        """The package of a version, if it exists."""
        return next((package for package in self.models.get(model_id, ()) if package.version == version), None)

    def default(self, model_id: str) -> Package:
        """The version that a name without a version means: the newest ready one, else the newest."""
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
        """The package that a name means, if it can generate.

        Raises:
            ModelNotFoundError: There is no such model or version.
            ModelFailedError: It could not be loaded.
            ModelLoadingError: It is being loaded.
            ModelUnloadingError: It only finishes its running streams.
        """
        match self.find(name):
            case FailedPackage() as package:
                raise ModelFailedError(package.name, package.reason)
            case LoadingPackage() as package:
                raise ModelLoadingError(package.name)
            case UnloadingPackage() as package:
                raise ModelUnloadingError(package.name)
            case package:
                return package

    def served(self) -> list[ReadyPackage]:
        """The default version of each model that can generate, by name."""
        defaults = [self.default(model_id) for model_id in self.models]
        return [package for package in defaults if isinstance(package, ReadyPackage)]

    def with_package(self, package: Package) -> "Catalogue":
        """A copy with this package added, in place of one of the same version."""
        return Catalogue([*self.without(package.id, package.version).packages, package])

    def without(self, model_id: str, version: int) -> "Catalogue":
        """A copy without a package."""
        return Catalogue(p for p in self.packages if (p.id, p.version) != (model_id, version))
