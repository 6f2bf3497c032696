"""Measures a package that generates pictures.

Memory does not grow with the number of pictures: features are summed up as they come, and a few are kept.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_training.datasets import Images
from synthserve_training.datasets._files import Files
from synthserve_training.evaluation.figures import Section
from synthserve_training.evaluation.images import sections
from synthserve_training.evaluation.images.comparison import Generate, compare
from synthserve_training.evaluation.images.digits import CLASSES, DigitReader, reader
from synthserve_training.evaluation.images.nearest import Nearest, nearest
from synthserve_training.evaluation.images.networks import Inception
from synthserve_training.evaluation.images.real import RealImages, cache_folder, load
from synthserve_training.evaluation.subject import Subject

MOST_SAMPLES = 10_000
_SHOWN = 64
_SEARCHED = 1000  # samples whose nearest training picture is looked for


def evaluate(subject: Subject, *, limit: int | None = None) -> list[Section]:
    """Holds a package's pictures against real ones.

    The first evaluation on a dataset takes the features of all real pictures, which are kept for the next: 25 to 70
    minutes on 2 cores for MNIST. An evaluation that was interrupted goes on where it was.

    Args:
        subject: The package.
        limit: At most so many pictures of each set: quick, rough, and not to be compared with a whole evaluation.

    Raises:
        DatasetError: The dataset or the Inception network is missing or corrupt.
        EvaluationError: The package's dataset is no images, or a network that reads its digits could not be trained.
    """
    files = Files.locate(subject.data_dir)
    cache = cache_folder(files)
    inception = Inception.find(files)
    network = _digit_reader(subject, files, cache)  # before all else is in memory: it may have to be trained
    real = load(subject.recipe, files, limit)
    count = min(limit or MOST_SAMPLES, MOST_SAMPLES, len(real.training.pixels))

    def generate(number: int) -> Iterator[NDArray[np.uint8]]:
        for values in subject.generate(number, seed=subject.seed):
            yield values["image"].astype(np.uint8, copy=False)

    found = compare(inception, generate, count, real, seed=subject.seed, cache=cache, progress=subject.progress)
    result = [
        sections.samples(_gather(generate, _SHOWN), _some(real.training.pixels, _SHOWN, subject.seed)),
        sections.distances(found, real, inception.digest),
        sections.fidelity(found),
        _memorisation(generate, min(count, _SEARCHED), real, subject.seed),
    ]
    if network and real.held_out:
        read = compare(network, generate, count, real, seed=subject.seed, cache=cache, progress=subject.progress)
        probabilities = np.concatenate([network.probabilities(batch) for batch in generate(count)])
        result.insert(
            3,
            sections.digits(
                read,
                (probabilities, network.probabilities(real.held_out.pixels)),
                np.bincount(real.training.labels, minlength=CLASSES) / len(real.training.labels),
                network.accuracy(real.held_out),
                network.digest,
            ),
        )
    return result


def _digit_reader(subject: Subject, files: Files, cache: Path) -> DigitReader | None:
    if subject.recipe.dataset["kind"] != "mnist":
        return None
    whole = load(subject.recipe, files)  # it is trained on all digits, however few are compared
    return None if whole.held_out is None else reader(whole.training, whole.held_out, cache)


def _memorisation(generate: Generate, count: int, real: RealImages, seed: int) -> Section:
    generated, training = _gather(generate, count), real.training.pixels
    found = nearest(generated, training, mirrored=real.mirrored)
    if real.held_out:
        others = nearest(_some(real.held_out.pixels, count, seed), training, mirrored=real.mirrored)
    else:
        others = _among_themselves(real.training, count, real.mirrored, seed)
    return sections.memorisation(generated, training, found, others, real.held_out is not None)


def _among_themselves(training: Images, count: int, mirrored: bool, seed: int) -> Nearest:
    chosen = np.random.default_rng(seed).choice(len(training.pixels), min(count, len(training.pixels)), replace=False)
    return nearest(training.pixels[chosen], training.pixels, mirrored=mirrored, leave_out=chosen)


def _gather(generate: Generate, count: int) -> NDArray[np.uint8]:
    return np.concatenate(list(generate(count)))


def _some(pixels: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.uint8]:
    chosen = np.random.default_rng(seed).choice(len(pixels), min(count, len(pixels)), replace=False)
    return pixels[chosen]
