"""A LeNet-5 that reads digits (LeCun et al. 1998): says which digits a model draws, and gives a cheap Fréchet distance.

It is trained once, in a minute or two, and kept. Its figures can be compared where its digest is the same.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from synthserve_training.data.datasets import Images
from synthserve_training.data.files import digest_of
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.images.networks import session

CLASSES = 10
FEATURES = 84
LEAST_ACCURACY = 0.99

FILE = "lenet5-mnist-1.onnx"
"""The name of the kept graph; its number rises when the network or its training changes."""

_TRIES = 3


@dataclass(frozen=True)
class DigitReader:
    """The trained network.

    Attributes:
        path: Its ONNX graph, from pixels in 0 to 255 to `features` and `logits`.
    """

    path: Path
    batch_size: int = 512

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the graph."""
        return digest_of(self.path)

    @property
    def size(self) -> int:
        """Width of the second last layer."""
        return FEATURES

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turns digits [n, 28, 28, 1] into the outputs of the second last layer, [n, 84]."""
        features: NDArray[np.float32]
        (features,) = self._session.run(["features"], {"pixels": images.astype(np.float32)})
        return features

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The probability of each class for digits [n, 28, 28, 1], [n, 10]."""
        blocks = [images[start : start + self.batch_size] for start in range(0, len(images), self.batch_size)]
        logits = np.concatenate(
            [self._session.run(["logits"], {"pixels": block.astype(np.float32)})[0] for block in blocks]
        ).astype(np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return result

    def accuracy(self, images: Images) -> float:
        """Share of digits that it reads as their label says."""
        return float((self.probabilities(images.pixels).argmax(axis=1) == images.labels).mean())

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return session(self.path)


def train(training: Images, path: Path, seed: int) -> None:
    """Trains the network in a process of its own, whose end frees TensorFlow's memory.

    Args:
        training: MNIST's training digits.
        path: Where to write its graph.
        seed: Of its weights and of the order of the digits.

    Raises:
        EvaluationError: The training failed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        images, graph = Path(folder) / "images.npz", Path(folder) / path.name
        np.savez(images, pixels=training.pixels, labels=training.labels)
        command: list[str | Path] = [sys.executable, "-m", f"{__package__}.training", images, graph, str(seed)]
        environment = os.environ | {"KERAS_BACKEND": "tensorflow"}  # the backend whose graphs tf2onnx converts
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - this very program
        if done.returncode:
            reason = next(reversed(done.stderr.splitlines()), f"status {done.returncode}")
            raise EvaluationError(f"the network that reads digits could not be trained: {reason}")
        graph.replace(path)


def reader(
    training: Images, test: Images, cache: Path, train: Callable[[Images, Path, int], None] = train
) -> DigitReader:
    """Gives the kept network, or trains it.

    Args:
        training: MNIST's training digits.
        test: Its test digits: the network must read 99 % of them.
        cache: Folder to keep it in.
        train: Trains it on digits, writes its graph to a path, and takes a seed.

    Raises:
        EvaluationError: It could not be trained, or does not learn to read well enough.
    """
    path = cache / FILE
    for seed in range(_TRIES):
        if not path.is_file():
            train(training, path, seed)
        kept = DigitReader(path)
        if (accuracy := kept.accuracy(test)) >= LEAST_ACCURACY:
            return kept
        path.unlink()
    raise EvaluationError(
        f"the network that reads digits reads only {accuracy:.2%} of MNIST's test set, after {_TRIES} tries: is this "
        "MNIST?"
    )
