"""What all peers share: opens a model package and draws samples from it, with onnxruntime and NumPy alone.

Runs under the peers' interpreter, so it imports nothing of synthserve. It does the work that the server does: normal
noise, the graph with one thread a run in batches of the manifest's size, PNG by OpenCV. Noise comes from one generator
for each thread, as any server would have it that need not give the same samples twice.
"""

import json
import os
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

UNSET = -1
"""What a condition input holds where the caller set no value."""

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Arrays = dict[str, NDArray[Any]]

# Parallelism comes from the threads of the server.
cv2.setNumThreads(1)


class Package:
    """A model package that is ready to draw from. Any number of threads may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        self.name: str = manifest["model"]
        self.columns: list[dict[str, Any]] = manifest.get("table", {}).get("columns", [])
        self._latent_shape: list[int] = manifest["graph"]["latent_shape"]
        self._batch_size: int = manifest["graph"]["batch_size"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            folder / manifest["graph"]["file"], options, providers=["CPUExecutionProvider"]
        )
        self._conditions = [node.name for node in self._session.get_inputs() if node.name != "latent"]
        self._outputs = [node.name for node in self._session.get_outputs()]
        self._threads = threading.local()

    def draw(self, count: int) -> Arrays:
        """Draws samples: the graph's outputs by name, `[count, ...]` each."""
        pieces = []
        for start in range(0, count, self._batch_size):
            size = min(self._batch_size, count - start)
            feeds: Arrays = {"latent": self._generator().standard_normal((size, *self._latent_shape), dtype=np.float32)}
            feeds |= {name: np.full(size, UNSET, np.int64) for name in self._conditions}
            pieces.append(self._session.run(self._outputs, feeds))
        joined = pieces[0] if len(pieces) == 1 else [np.concatenate(parts) for parts in zip(*pieces, strict=True)]
        return dict(zip(self._outputs, joined, strict=True))

    def _generator(self) -> np.random.Generator:
        if not hasattr(self._threads, "generator"):
            self._threads.generator = np.random.default_rng()
        generator: np.random.Generator = self._threads.generator
        return generator

    def row_bytes(self, count: int) -> bytes:
        """Draws rows as bare bytes, column after column in the order of the manifest."""
        arrays = self.draw(count)
        return b"".join(arrays[column["name"]].tobytes() for column in self.columns)

    def pngs(self, count: int) -> list[bytes]:
        """Draws images as PNG files."""
        pixels = self.draw(count)["image"]
        if pixels.shape[-1] == 3:
            pixels = np.ascontiguousarray(pixels[..., ::-1])
        return [cv2.imencode(".png", image)[1].tobytes() for image in pixels]

    def png_bytes(self, count: int) -> bytes:
        """Draws images as PNG files one after another, each behind its length (four bytes, little-endian)."""
        files = self.pngs(count)
        return b"".join(part for file in files for part in (struct.pack("<I", len(file)), file))

    def sample_bytes(self, count: int) -> bytes:
        """Draws rows as bare bytes from a table model, PNG files from an image model."""
        return self.row_bytes(count) if self.columns else self.png_bytes(count)


def packages(repository: Path) -> dict[str, Package]:
    """Opens the newest version of each model of a repository, by model."""
    return {package.name: package for package in map(Package, newest(repository))}


def newest(repository: Path) -> Iterator[Path]:
    """The folders of the newest versions."""
    for model in sorted(repository.iterdir()):
        versions = [folder for folder in model.iterdir() if (folder / "manifest.json").is_file()]
        if versions:
            yield max(versions, key=lambda folder: int(folder.name))
