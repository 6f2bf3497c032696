"""Networks that turn pictures into features, as ONNX graphs."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from synthserve_core.system.cores import available_cores
from synthserve_training.data.files import Files
from synthserve_training.evaluation.images import inception
from synthserve_training.evaluation.images.inception.graph import FEATURES, SIDE
from synthserve_training.evaluation.images.resize import bilinear


class FeatureNetwork(Protocol):
    """Turns pictures into features, one by one."""

    @property
    def digest(self) -> str:
        """SHA-256 of its graph: figures by different networks are not comparable."""
        ...

    @property
    def size(self) -> int:
        """Width of the features."""
        ...

    @property
    def batch_size(self) -> int:
        """How many pictures to give at once; bounds the memory."""
        ...

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turns [n, height, width, channels], 1 or 3 channels, into [n, size]."""
        ...


@dataclass(frozen=True)
class Inception:
    """The Inception network of FID.

    Attributes:
        path: Its ONNX graph.
    """

    path: Path
    batch_size: int = 4

    @classmethod
    def find(cls, files: Files) -> "Inception":
        """Finds the verified graph, or fetches its weights and makes it.

        Raises:
            DatasetError: It could not be made, or the file that was found is another one.
        """
        return cls(inception.obtain(files))

    @property
    def digest(self) -> str:
        """SHA-256 of the graph."""
        return inception.NETWORK.sha256

    @property
    def size(self) -> int:
        """The width of the layer pool_3."""
        return FEATURES

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turns pictures into the outputs of the layer pool_3, [n, 2048]."""
        pixels = (bilinear(images, SIDE) - 128.0) / 128.0
        planes = np.broadcast_to(pixels.transpose(0, 3, 1, 2), (len(images), 3, SIDE, SIDE))
        pooled: NDArray[np.float32]
        (pooled,) = self._session.run(None, {"images": np.ascontiguousarray(planes)})
        return pooled

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return session(self.path)


def session(path: Path) -> onnxruntime.InferenceSession:
    """Opens a graph, to run on all cores that may be used."""
    options = onnxruntime.SessionOptions()
    if (count := available_cores()) < (os.cpu_count() or 1):
        options.intra_op_num_threads = count  # it does not see a container's limit
    options.log_severity_level = 3
    options.enable_mem_pattern = False  # it keeps a second block as large as all values of a run
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
