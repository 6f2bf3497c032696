"""Whether a model copies training pictures: how near its samples are to them, and how near real pictures are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.datasets import Images
from synthserve_training.evaluation.figures import Measurement
from synthserve_training.evaluation.images.distances.nearest import Nearest, nearest
from synthserve_training.evaluation.images.real import RealImages, some

_RARE = 0.01


@dataclass(frozen=True)
class Memorisation:
    """The training pictures that are nearest to samples and to real pictures.

    Attributes:
        generated: The samples, [n, height, width, channels].
        samples: Their nearest training pictures.
        others: The nearest training pictures of real pictures.
        held_out: Whether these are held out; else they are training pictures, compared with the others.
    """

    generated: NDArray[np.uint8]
    samples: Nearest
    others: Nearest
    held_out: bool

    def measured(self) -> dict[str, Measurement]:
        """The measurements by the name of the metric."""
        threshold = np.quantile(self.others.distance, _RARE)
        return {
            "nearest_training_distance": Measurement(
                float(np.median(self.samples.distance)), float(np.median(self.others.distance))
            ),
            "copied_share": Measurement(float((self.samples.distance < threshold).mean()), _RARE),
        }


def search(generated: NDArray[np.uint8], real: RealImages, seed: int) -> Memorisation:
    """Searches the training pictures.

    Args:
        generated: Samples, [n, height, width, channels].
        real: The real pictures.
        seed: Of the choice of real pictures that samples are compared with, as many as there are samples.
    """
    training, count = real.training.pixels, len(generated)
    samples = nearest(generated, training, mirrored=real.mirrored)
    if real.held_out:
        others = nearest(some(real.held_out.pixels, count, seed), training, mirrored=real.mirrored)
    else:
        others = _among_themselves(real.training, count, real.mirrored, seed)
    return Memorisation(generated, samples, others, real.held_out is not None)


def _among_themselves(training: Images, count: int, mirrored: bool, seed: int) -> Nearest:
    chosen = np.random.default_rng(seed).choice(len(training.pixels), min(count, len(training.pixels)), replace=False)
    return nearest(training.pixels[chosen], training.pixels, mirrored=mirrored, leave_out=chosen)
