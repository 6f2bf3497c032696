"""How long PNG encoders take for what the shipped models draw, and how large their files are, without marks.

    python -m tests.benchmarks.png_encoders --model-repository exported

One thread, medians of interleaved repeats.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from tests.benchmarks.models import newest
from tests.fixtures import commands

import synthserve_core
from synthserve_core.contract.model import IMAGE, Image
from synthserve_core.encoding import png

IMAGES = 128


def ours(images: NDArray[np.uint8]) -> list[bytes]:
    """The server's encoder."""
    return png.encode(images, [b""] * len(images))


def opencv(images: NDArray[np.uint8]) -> list[bytes]:
    """OpenCV with its default parameters."""
    return [cv2.imencode(".png", image)[1].tobytes() for image in images]


def libpng(images: NDArray[np.uint8]) -> list[bytes]:
    """Pillow at level 1."""

    def encode(image: NDArray[np.uint8]) -> bytes:
        file = io.BytesIO()
        PIL.Image.fromarray(image.squeeze()).save(file, "png", compress_level=1)
        return file.getvalue()

    return [encode(image) for image in images]


ENCODERS: dict[str, Callable[[NDArray[np.uint8]], list[bytes]]] = {
    "synthserve": ours,
    "OpenCV": opencv,
    "Pillow, level 1": libpng,
}


def seconds(encode: Callable[[NDArray[np.uint8]], Any], images: NDArray[np.uint8]) -> float:
    """How long one pass takes."""
    started = time.perf_counter()
    encode(images)
    return time.perf_counter() - started


def main() -> None:
    """Prints a line for each model and encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--repeats", type=commands.count, default=15)
    arguments = parser.parse_args()
    for name, folder in newest(arguments.model_repository).items():
        local = synthserve_core.load(folder)
        if not isinstance(local.model.output, Image):
            continue
        images = local.samples(seed=7, count=IMAGES)[IMAGE]
        times: dict[str, list[float]] = {encoder: [] for encoder in ENCODERS}
        for _ in range(arguments.repeats):
            for encoder, encode in ENCODERS.items():
                times[encoder].append(seconds(encode, images))
        for encoder, encode in ENCODERS.items():
            size = statistics.mean(map(len, encode(images)))
            print(f"{name:<20} {encoder:<16} {statistics.median(times[encoder]) / IMAGES * 1e6:6.1f} us {size:7.0f} B")


if __name__ == "__main__":
    commands.run(main)
