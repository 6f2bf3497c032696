"""Compares generated pictures with real ones, and real ones with other real ones by the same rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.images.distances.frechet import frechet_distance
from synthserve_training.evaluation.images.distances.kernel import kernel_distance
from synthserve_training.evaluation.images.distances.manifold import Manifold, measure
from synthserve_training.evaluation.images.networks import FeatureNetwork
from synthserve_training.evaluation.images.real import RealImages
from synthserve_training.evaluation.images.summary import Summary, summarise, summarise_real
from synthserve_training.types import Progress

MOST_FEATURES = 5000
"""How many features are kept for the distances that moments do not determine."""

Generate = Callable[[int], Iterator[NDArray[np.uint8]]]
"""Gives so many generated pictures, uint8 [n, height, width, channels], in batches; the same ones in every call."""

_CHOICE_SEED = 0
"""Of the choice of real features to keep: fixed, so that these are found in the cache."""


@dataclass(frozen=True)
class Real:
    """The features of real pictures.

    Attributes:
        training: Of all pictures that the model was trained on.
        base: What `other` is compared with: all training pictures, or one half of them.
        other: Of pictures not in `base`: held-out ones, or the other half.
    """

    training: Summary
    base: Summary
    other: Summary


@dataclass(frozen=True)
class Distances:
    """How far generated pictures, and other real ones, are from real ones by the features of one network.

    Attributes:
        frechet: Fréchet distance of all generated pictures from all training pictures.
        frechet_same_size: Of as many generated pictures as `frechet_floor` has, from the same real ones.
        frechet_floor: Of real pictures from other real ones.
        counts: Pictures in `frechet`, generated and real; in `frechet_floor`, other ones and base.
        kernel: Mean and standard deviation of the kernel distance.
        kernel_floor: The same for real pictures.
        manifold: Precision, recall, density, coverage.
        manifold_floor: The same for real pictures.
        features: How many features of each side `manifold` and `manifold_floor` are computed from.
    """

    frechet: float
    frechet_same_size: float
    frechet_floor: float
    counts: tuple[int, int, int, int]
    kernel: tuple[float, float]
    kernel_floor: tuple[float, float]
    manifold: Manifold
    manifold_floor: Manifold
    features: int


def compare(
    network: FeatureNetwork,
    generate: Generate,
    count: int,
    real: RealImages,
    *,
    seed: int,
    cache: Path,
    progress: Progress,
) -> Distances:
    """Measures all distances by one network.

    Args:
        network: Gives the features.
        generate: Gives the generated pictures.
        count: How many to generate.
        real: The real ones.
        seed: Of the choice of features.
        cache: Folder that keeps summaries of real pictures.
        progress: Is told how many pictures are done.
    """
    summaries = summarise_all(network, real, count, cache=cache, progress=progress)
    subset = len(summaries.base.subset)

    # First as many pictures as the comparison of real with real has, then the rest.
    size = min(count, summaries.other.moments.count)
    pictures = _split_at(_told(generate(count), "generated pictures", count, progress), size)
    first = summarise(network, _up_to(pictures, size), size, subset=subset, seed=seed)
    moments = first.moments
    if size < count:
        moments = moments.joined(summarise(network, pictures, count - size, subset=0, seed=seed).moments)

    generator = np.random.default_rng(seed)
    base, other = summaries.base, summaries.other
    features = min(len(base.subset), len(other.subset), len(first.subset))
    real_features, other_features = base.subset[:features], other.subset[:features]
    return Distances(
        frechet=frechet_distance(moments, summaries.training.moments),
        frechet_same_size=frechet_distance(first.moments, base.moments),
        frechet_floor=frechet_distance(other.moments, base.moments),
        counts=(count, summaries.training.moments.count, other.moments.count, base.moments.count),
        kernel=kernel_distance(first.subset, base.subset, generator),
        kernel_floor=kernel_distance(other.subset, base.subset, generator),
        manifold=measure(real_features, first.subset[:features]),
        manifold_floor=measure(real_features, other_features),
        features=features,
    )


def summarise_all(network: FeatureNetwork, real: RealImages, count: int, *, cache: Path, progress: Progress) -> Real:
    """Computes the features of all real pictures.

    Args:
        network: Gives the features.
        real: The pictures.
        count: How many generated ones they will be compared with.
        cache: Folder that keeps summaries for the next evaluation on the same pictures.
        progress: Is told how many pictures are done.
    """
    smallest = len(real.held_out.pixels) if real.held_out else len(real.training.pixels) // 2
    subset = min(MOST_FEATURES, count, smallest)

    def summary(pixels: NDArray[np.uint8], part: str) -> Summary:
        name = f"{real.name}-{part}"
        return summarise_real(
            network, pixels, subset=subset, seed=_CHOICE_SEED, cache=cache, name=name, progress=progress
        )

    if real.held_out:
        training = summary(real.training.pixels, "training")
        return Real(training, training, summary(real.held_out.pixels, "held-out"))
    one, two = (summary(half, f"half-{number}") for number, half in enumerate(real.halves, start=1))
    return Real(Summary(one.moments.joined(two.moments), one.subset), one, two)


def _split_at(batches: Iterator[NDArray[np.uint8]], mark: int) -> Iterator[NDArray[np.uint8]]:
    """Cuts the batch that contains the picture number `mark`, so that a batch begins with that picture."""
    done = 0
    for batch in batches:
        cut = mark - done
        yield from (batch[:cut], batch[cut:]) if 0 < cut < len(batch) else (batch,)
        done += len(batch)


def _up_to(batches: Iterator[NDArray[np.uint8]], mark: int) -> Iterator[NDArray[np.uint8]]:
    """Takes the batches before the picture number `mark`, and leaves the others in the iterator."""
    done = 0
    while done < mark:
        batch = next(batches)
        done += len(batch)
        yield batch


def _told(
    batches: Iterator[NDArray[np.uint8]], what: str, count: int, progress: Progress
) -> Iterator[NDArray[np.uint8]]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch)
        progress(what, done, count)
