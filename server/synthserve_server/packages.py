"""One package: from its files, which anybody may have written, to a session that has been tried out."""

import hashlib
import stat
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog

from synthserve.v1 import manifest_pb2
from synthserve_server import graph_bounds
from synthserve_server import manifest as manifests
from synthserve_server.catalogue import FailedPackage, ReadyPackage
from synthserve_server.manifest import ManifestError
from synthserve_server.runtime.cancellation import Cancellation
from synthserve_server.runtime.devices import Devices, Provider
from synthserve_server.runtime.errors import CancelledWorkError, GraphError
from synthserve_server.runtime.model import Model
from synthserve_server.runtime.sampler import Draw, sample
from synthserve_server.runtime.session import Session

MANIFEST = "manifest.json"
"""The file that makes a folder a package."""

UNEXPECTED = "an unexpected error; the server's log has it"
"""The reason for what was not to be reckoned with."""

_LONGEST_REASON = 500
"""Characters."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """What a package may ask for.

    Attributes:
        manifest_bytes: The largest manifest.
        graph_bytes: The largest graph; 2 GiB is what a graph without external data can have.
        warm_up_seconds: How long the first run of a graph, for two samples, may take.
    """

    manifest_bytes: int = 4 << 20
    graph_bytes: int = 1 << 30
    warm_up_seconds: float = 60.0


@dataclass(frozen=True)
class Content:
    """The files of a package, read once, so that what is verified is what runs.

    Attributes:
        manifest: Parsed.
        model: What the manifest describes.
        graph: The ONNX model, which has the digest that the manifest says.
        digest: SHA-256 of the manifest's bytes; as that names the digest of the graph, it stands for the whole.
    """

    manifest: manifest_pb2.Manifest
    model: Model
    graph: bytes
    digest: str


def load_package(
    model_id: str, version: int, folder: Path, devices: Devices, limits: Limits | None = None
) -> ReadyPackage:
    """Reads, verifies, loads and tries out one package; the arguments and errors are those of `read` and `load`."""
    limits = limits or Limits()
    return load(read(model_id, version, folder, limits), devices, limits, Cancellation())


def read(model_id: str, version: int, folder: Path, limits: Limits) -> Content:
    """Reads and verifies the files of a package.

    Args:
        model_id: The name of the model's folder.
        version: The name of the version's folder.
        folder: The version's folder; its files must not be links that lead out of the repository around it.
        limits: What it may ask for.

    Raises:
        ManifestError: The manifest is not right, a file is too large, or the graph's digest is another.
        OSError: A file cannot be read.
    """
    text = _read(folder, MANIFEST, limits.manifest_bytes)
    manifest = manifests.parse(text)
    model = manifests.describe(manifest, model_id, version)
    file = manifest.graph.file
    graph = _read(folder, file, limits.graph_bytes)
    digest = hashlib.sha256(graph).hexdigest()
    if digest != manifest.graph.sha256:
        raise ManifestError(f"{file} has the SHA-256 {digest}, not {manifest.graph.sha256} as the manifest says")
    return Content(manifest, model, graph, hashlib.sha256(text).hexdigest())


def load(content: Content, devices: Devices, limits: Limits, cancellation: Cancellation) -> ReadyPackage:
    """Loads a graph and tries it out.

    Args:
        content: The package.
        devices: Where the graph runs.
        limits: What it may ask for.
        cancellation: Ends the trying out; it is set when that takes too long.

    Raises:
        GraphError: The graph holds what is not allowed, cannot be loaded or run, does not fit the manifest, or takes
            too long.
    """
    operators = graph_bounds.check(content.graph)
    session = Session(content.graph, devices.for_graph(len(content.graph)), content.model.batch_size)
    session.check(content.model)
    if session.devices.provider is Provider.CUDA and "ConvTranspose" in operators:
        _log.warning(
            "a GPU may round transposed convolutions in another way each time: samples may differ from run to run",
            model=content.model.name,
        )
    timer = threading.Timer(limits.warm_up_seconds, cancellation.cancel)
    timer.start()
    try:
        # The first run allocates and, on a GPU, chooses kernels; it also shows what the graph really gives.
        for graph in session.on_each_device():
            sample(Draw(content.model, graph, seed=0, start=0, count=2), cancellation)
    except CancelledWorkError:
        raise GraphError(f"the graph takes more than {limits.warm_up_seconds:g} s for two samples") from None
    finally:
        timer.cancel()
    return ReadyPackage(content.manifest, content.model, session)


def failed(model_id: str, version: int, error: Exception) -> FailedPackage:
    """Tells the log why a version was not loaded, and the callers what they may know of it."""
    expected = isinstance(error, OSError | ManifestError | GraphError)
    package = FailedPackage(model_id, version, reason(error))
    _log.error("model failed to load", model=package.name, reason=package.reason, exc_info=None if expected else error)
    return package


def reason(error: Exception) -> str:
    """Says in one sentence what went wrong; of what was not to be reckoned with no more than that it happened."""
    if isinstance(error, OSError):
        return f"{error.strerror}: {Path(str(error.filename)).name}"
    if isinstance(error, ManifestError | GraphError):
        said = " ".join(str(error).split())  # it can quote what is in the package
        return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}…"
    return UNEXPECTED


def _read(folder: Path, name: str, most: int) -> bytes:
    file = folder / name
    status = file.stat()
    # The rest, as a pipe, could be waited for without end.
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
