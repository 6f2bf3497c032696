"""Summaries of the features of many pictures: their moments, and a random subset of the features."""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.images.distances.moments import Moments
from synthserve_training.evaluation.images.networks import FeatureNetwork
from synthserve_training.types import Progress

# An update of the scatter costs about as much as the features of one or two pictures, so it is made once for many.
_MOMENTS_BLOCK = 512
_SAVE_EVERY = 2048


@dataclass(frozen=True)
class Summary:
    """The features of a set of pictures, in memory that does not grow with it.

    Attributes:
        moments: Of all features.
        subset: Some of the features, float32 [k, size], chosen at random.
    """

    moments: Moments
    subset: NDArray[np.float32]


class Summarising:
    """A summary that pictures are added to.

    Attributes:
        done: How many pictures it has seen.
    """

    def __init__(self, size: int, count: int, subset: int, seed: int) -> None:
        """Starts without pictures.

        Args:
            size: Width of the features.
            count: How many pictures there will be.
            subset: How many features to keep; all, if there are fewer pictures.
            seed: Of the choice which to keep. The choice is made at the start, so that interruptions do not change it.
        """
        self.done = 0
        self._moments = Moments(size)
        self._kept = np.sort(np.random.default_rng(seed).choice(count, min(subset, count), replace=False))
        self._subset = np.zeros((len(self._kept), size), np.float32)

    def add(self, features: NDArray[np.float32]) -> None:
        """Adds the features [n, size] of the next pictures."""
        self._moments.add(features)
        first, last = np.searchsorted(self._kept, [self.done, self.done + len(features)])
        self._subset[first:last] = features[self._kept[first:last] - self.done]
        self.done += len(features)

    @property
    def summary(self) -> Summary:
        """The summary of the features that were added."""
        return Summary(self._moments, self._subset[: np.searchsorted(self._kept, self.done)])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The state, to be kept in a file."""
        return {**self._moments.arrays(), "subset": self._subset}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Continues from a state that `arrays` gave."""
        self._moments = Moments.of_arrays(arrays)
        self._subset = arrays["subset"].astype(np.float32)
        self.done = self._moments.count


def summarise(
    network: FeatureNetwork, pictures: Iterable[NDArray[np.uint8]], count: int, *, subset: int, seed: int
) -> Summary:
    """Summarises pictures batch by batch.

    Args:
        network: Gives the features.
        pictures: Batches [n, height, width, channels] of any size, `count` pictures in all.
        count: How many there are in all.
        subset: How many features to keep.
        seed: Of the choice which to keep.
    """
    summarising = Summarising(network.size, count, subset, seed)
    for block in _blocks(network, pictures):
        summarising.add(block)
    return summarising.summary


def summarise_real(
    network: FeatureNetwork,
    pixels: NDArray[np.uint8],
    *,
    subset: int,
    seed: int,
    cache: Path,
    name: str,
    progress: Progress,
) -> Summary:
    """Summarises real pictures; continues from what an earlier evaluation, even an interrupted one, kept of them.

    Args:
        network: Gives the features.
        pixels: [n, height, width, channels].
        subset: How many features to keep.
        seed: Of the choice which to keep.
        cache: Folder to keep it in. The file's name depends on the digests of network and pixels, and on the arguments.
        name: Of the pictures, for the file's name and for `progress`.
        progress: Is told how many pictures are done.
    """
    key = {
        "network": network.digest,
        "pixels": hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest(),
        "shape": pixels.shape,
        "subset": subset,
        "seed": seed,
    }
    path = cache / f"{name}-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.npz"
    summarising = Summarising(network.size, len(pixels), subset, seed)
    if (kept := _read(path)) is not None:
        summarising.restore(kept)
    saved = summarising.done
    for block in _blocks(network, _batches(pixels[saved:], network.batch_size)):
        summarising.add(block)
        progress(name, summarising.done, len(pixels))
        if summarising.done == len(pixels) or summarising.done - saved >= _SAVE_EVERY:
            _write(path, summarising.arrays())
            saved = summarising.done
    return summarising.summary


def _batches(pixels: NDArray[np.uint8], size: int) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(pixels), size):
        yield pixels[start : start + size]


def _blocks(network: FeatureNetwork, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
    """The features of all pictures, in blocks large enough for an update of the scatter."""
    waiting: list[NDArray[np.float32]] = []
    for batch in pictures:
        waiting += [network.features(part) for part in _batches(batch, network.batch_size)]
        if sum(map(len, waiting)) >= _MOMENTS_BLOCK:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _read(path: Path) -> dict[str, NDArray[np.generic]] | None:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile):
        return None  # it is only a cache: the summary is made anew


def _write(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under a name of its own, as another process can write the same file at the same time.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        part = Path(folder) / path.name
        np.savez(part, **arrays)  # type: ignore[arg-type]  # the stubs take the names for options
        part.replace(path)
