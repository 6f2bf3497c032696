"""MNIST handwritten digits (LeCun, Cortes, Burges): 60,000 + 10,000 grey images of 28x28, labels 0 to 9."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthserve_training.components import OptionsBase
from synthserve_training.data.datasets import Images
from synthserve_training.data.files import Files, RemoteFile
from synthserve_training.errors import DatasetError

_SOURCES = (
    "http://yann.lecun.com/exdb/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def _file(name: str, sha256: str) -> RemoteFile:
    return RemoteFile(f"mnist/{name}", sha256, tuple(source + name for source in _SOURCES))


_FILES = {
    "train": (
        _file("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        _file("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    ),
    "test": (
        _file("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        _file("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
}


class Options(OptionsBase):
    """Which of the two official splits."""

    split: Literal["train", "test"] = "train"


def load(options: Options, files: Files) -> Images:
    """Loads one split.

    Returns:
        Images of shape [n, 28, 28, 1] and their labels.

    Raises:
        DatasetError: A file is corrupt, or could not be downloaded.
    """
    pixels, labels = (read_idx(files.fetch(file)) for file in _FILES[options.split])
    return Images(pixels[..., np.newaxis], labels.astype(np.int64), label="digit")


def held_out(options: Options) -> Options | None:
    """The digits that these options do not load: the test set, where they load the training set."""
    return Options(split="test") if options.split == "train" else None


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Reads a gzipped IDX file of unsigned bytes (format: LeCun's MNIST page).

    Returns:
        uint8, with the shape that the file's header gives.

    Raises:
        DatasetError: The file is not gzip, not IDX of unsigned bytes, or not of the length that its header gives.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is not a whole gzip file: {error}") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise DatasetError(f"{path} is not an IDX file of unsigned bytes")
    dimensions = content[3]
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    if values.size != math.prod(shape):
        raise DatasetError(f"{path} holds {values.size:,} values where its header tells {math.prod(shape):,}")
    return values.reshape(shape)
