"""Loads one package: from untrusted files to tested sessions."""

import hashlib
import logging
import stat
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthserve.v1 import manifest_pb2
from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import Devices, Provider
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.compute.session import Session
from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.model import MethodKind, Model
from synthserve_core.errors import CancelledWorkError, GraphError, ManifestError
from synthserve_core.packages import graph_policy

MANIFEST = "manifest.json"
"""The file that makes a folder a package."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackageLimits:
    """Limits on a package.

    Attributes:
        manifest_bytes: The largest manifest.
        graph_bytes: The largest graph; without external data, a graph has at most 2 GiB.
        warm_up_seconds: How long the first run of a graph, for two samples, may take.
    """

    manifest_bytes: int = 32 << 20
    graph_bytes: int = 1 << 30
    warm_up_seconds: float = 60.0


@dataclass(frozen=True)
class Content:
    """The files of a package, read once, so that what is verified is what runs.

    Attributes:
        manifest: In format 2, even if the file is in format 1.
        model: The model that the manifest describes.
        graphs: The ONNX model of each method; its digest is the one in the manifest.
        digest: SHA-256 of the manifest. It identifies the whole package, as the manifest contains the graphs' digests.
    """

    manifest: manifest_pb2.Manifest
    model: Model
    graphs: Mapping[MethodKind, bytes]
    digest: str


@dataclass(frozen=True, eq=False)
class LoadedPackage:
    """A package that can be run.

    Attributes:
        manifest: In format 2.
        model: The model that the manifest describes.
        sessions: The graph of each method, ready to run.
    """

    manifest: manifest_pb2.Manifest
    model: Model
    sessions: Mapping[MethodKind, Session]

    @property
    def session(self) -> Session:
        """The graph that generates."""
        return self.sessions[MethodKind.GENERATE]


def load_package(folder: Path, devices: Devices, limits: PackageLimits | None = None) -> LoadedPackage:
    """Reads, verifies, loads and test-runs the package `{model}/{version}/`.

    Args:
        folder: The version's folder.
        devices: Where its graphs run.
        limits: Limits on the package.

    Raises:
        ManifestError: See `read`.
        GraphError: See `load`.
        OSError: A file cannot be read.
    """
    limits = limits or PackageLimits()
    where = folder.absolute()
    version = int(where.name) if where.name.isdecimal() else 0
    return load(read(where.parent.name, version, where, limits), devices, limits, Cancellation())


def read(model_id: str, version: int, folder: Path, limits: PackageLimits) -> Content:
    """Reads and verifies the files of a package.

    Args:
        model_id: The name of the model's folder.
        version: The name of the version's folder.
        folder: The version's folder; its files must not be links that lead out of the repository.
        limits: Limits on the package.

    Raises:
        ManifestError: The manifest is not valid, a file is too large, or the digest of a graph does not match.
        OSError: A file cannot be read.
    """
    text = _read(folder, MANIFEST, limits.manifest_bytes)
    manifest = manifests.parse(text)
    model = manifests.describe(manifest, model_id, version)
    graphs = {}
    for kind, method in model.methods.items():
        graph = _read(folder, method.file, limits.graph_bytes)
        digest = hashlib.sha256(graph).hexdigest()
        if digest != method.sha256:
            raise ManifestError(f"{method.file} has the SHA-256 {digest}, not {method.sha256} as the manifest says")
        graphs[kind] = graph
    return Content(manifest, model, graphs, hashlib.sha256(text).hexdigest())


def load(content: Content, devices: Devices, limits: PackageLimits, cancellation: Cancellation) -> LoadedPackage:
    """Loads the graphs, and test-runs the one that generates.

    Args:
        content: The package.
        devices: Where the graphs run.
        limits: Limits on the package.
        cancellation: Ends the test run; this function sets it when the run takes too long.

    Raises:
        GraphError: A graph contains something that is not allowed, cannot be loaded or run, does not match the
            manifest, or takes too long.
    """
    sessions = {}
    for kind, graph in content.graphs.items():
        method = content.model.methods[kind]
        operators = graph_policy.check(graph)
        session = Session(graph, devices.for_graph(len(graph)), method.batch_size)
        session.check(method)
        sessions[kind] = session
        if session.devices.provider is Provider.CUDA and "ConvTranspose" in operators:
            _log.warning(
                "%s: a GPU may round transposed convolutions differently in each run, so samples may differ",
                content.model.name,
            )
    loaded = LoadedPackage(content.manifest, content.model, sessions)
    _try_out(loaded, limits, cancellation)
    return loaded


def _try_out(package: LoadedPackage, limits: PackageLimits, cancellation: Cancellation) -> None:
    timer = threading.Timer(limits.warm_up_seconds, cancellation.cancel)
    timer.start()
    try:
        # The first run allocates memory and, on a GPU, chooses kernels; it also checks the outputs of the graph.
        for graph in package.session.on_each_device():
            sample(Draw(package.model, graph, seed=0, start=0, count=2), cancellation)
    except CancelledWorkError:
        raise GraphError(f"the graph takes more than {limits.warm_up_seconds:g} s for two samples") from None
    finally:
        timer.cancel()


def _read(folder: Path, name: str, most: int) -> bytes:
    file = folder / name
    status = file.stat()
    # Reading anything else, such as a pipe, could block forever.
    if not stat.S_ISREG(status.st_mode):
        raise ManifestError(f"{name} is not a file")
    repository = folder.parents[1].resolve()
    if not file.resolve().is_relative_to(repository):
        raise ManifestError(f"{name} is a link that leads out of the repository")
    with file.open("rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise ManifestError(f"{name} has more than {most:,} bytes")
    return data
