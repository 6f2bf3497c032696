"""The evaluation of packages that generate pictures.

Memory does not grow with the number of pictures: their features are summed up batch by batch, and a few are kept.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synthserve_core.contract.model import IMAGE
from synthserve_training.data.files import Files
from synthserve_training.evaluation.figures import Section
from synthserve_training.evaluation.images import sections
from synthserve_training.evaluation.images.comparison import compare
from synthserve_training.evaluation.images.contents import CONTENTS
from synthserve_training.evaluation.images.memorisation import search
from synthserve_training.evaluation.images.networks import Inception
from synthserve_training.evaluation.images.real import cache_folder, load, some
from synthserve_training.evaluation.subject import Subject

MOST_SAMPLES = 10_000
_SHOWN = 64
_SEARCHED = 1000  # samples whose nearest training picture is searched


def evaluate(subject: Subject, *, limit: int | None = None) -> list[Section]:
    """Compares a package's pictures with real ones.

    The first evaluation on a dataset computes the features of all real pictures and keeps them for the next: 25 to 70
    minutes on 2 cores for MNIST. An interrupted evaluation resumes there.

    Args:
        subject: The package.
        limit: At most so many pictures of each set. The figures are then rough, and not comparable with those of a
            whole evaluation.

    Raises:
        DatasetError: The dataset or the Inception network is missing or corrupt.
        EvaluationError: The package's dataset is a table or is not the user's to name, or a network that knows it could
            not be trained.
    """
    files = Files.locate(subject.data_dir)
    cache = cache_folder(files)
    inception = Inception.find(files)
    real = load(subject.recipe, files, address=subject.data)
    prepare = CONTENTS.get(real.name)
    content = prepare(real, cache) if prepare else None  # with all pictures: it may train a network
    if limit is not None:
        real = real.limited(limit)
    count = min(limit or MOST_SAMPLES, MOST_SAMPLES, len(real.training.pixels))
    seed, progress = subject.seed, subject.progress

    def generate(number: int) -> Iterator[NDArray[np.uint8]]:
        for arrays in subject.samples(number):
            yield arrays[IMAGE]

    def gathered(number: int) -> NDArray[np.uint8]:
        return np.concatenate(list(generate(number)))

    found = compare(inception, generate, count, real, seed=seed, cache=cache, progress=progress)
    result = [
        sections.samples(gathered(_SHOWN), some(real.training.pixels, _SHOWN, seed)),
        sections.distances(found, real, inception.digest),
        sections.fidelity(found),
    ]
    if content:
        result.append(content.evaluate(generate, count, real, seed=seed, cache=cache, progress=progress))
    copies = search(gathered(min(count, _SEARCHED)), real, seed)
    return [*result, sections.memorisation(copies, real.training.pixels)]
