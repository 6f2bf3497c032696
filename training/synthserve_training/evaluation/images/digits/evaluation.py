"""Which digits a model draws, and how well they can be read."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.figures import Measurement, Metric, Plot, Section, Table, described
from synthserve_training.evaluation.images import pages
from synthserve_training.evaluation.images.comparison import Distances, Generate, compare
from synthserve_training.evaluation.images.digits import CLASSES, FEATURES, DigitReader
from synthserve_training.evaluation.images.real import RealImages
from synthserve_training.types import Progress

_SURE = 0.9

METRICS = (
    Metric(
        "class_histogram_tv",
        "lower",
        "Total variation distance between the shares of the digits that are drawn and those of the training data.",
    ),
    Metric("readable_share", "closer", "Share of digits that are read with a probability above {sure}."),
    Metric(
        "frechet_lenet",
        "lower",
        "Fréchet distance by the {features} features of the LeNet-5, which is on another scale than FID.",
    ),
)

_SUMMARY = (
    "By a LeNet-5 that reads {accuracy:.2%} of the held-out real digits correctly (SHA-256 of its graph {digest})."
)


@dataclass(frozen=True)
class DigitEvaluation:
    """Evaluates drawn digits.

    Attributes:
        reader: The network that reads them.
    """

    reader: DigitReader

    def evaluate(
        self, generate: Generate, count: int, real: RealImages, *, seed: int, cache: Path, progress: Progress
    ) -> Section:
        """Measures generated digits; see `contents.ContentEvaluation`.

        Raises:
            ValueError: No real digits are held out.
        """
        if real.held_out is None:
            raise ValueError("the evaluation of digits needs held-out digits")
        found = compare(self.reader, generate, count, real, seed=seed, cache=cache, progress=progress)
        probabilities = np.concatenate([self.reader.probabilities(batch) for batch in generate(count)])
        training = np.bincount(real.training.labels, minlength=CLASSES) / len(real.training.labels)
        drawn = _shares(probabilities)
        return Section(
            "Digits",
            _SUMMARY.format(accuracy=self.reader.accuracy(real.held_out), digest=self.reader.digest),
            described(
                METRICS,
                measured(found, probabilities, self.reader.probabilities(real.held_out.pixels), training),
                sure=_SURE,
                features=FEATURES,
            ),
            plots=(Plot("classes", "Digits generated and in the training data", pages.class_shares(drawn, training)),),
            tables=(
                Table(
                    "Digits",
                    ("digit", "generated", "training data"),
                    tuple((str(digit), float(drawn[digit]), float(training[digit])) for digit in range(CLASSES)),
                ),
            ),
        )


def measured(
    found: Distances,
    probabilities: NDArray[np.float64],
    held_out: NDArray[np.float64],
    training: NDArray[np.float64],
) -> dict[str, Measurement]:
    """The measurements by the name of the metric.

    Args:
        found: By the features of the network.
        probabilities: Of the classes of generated digits, [n, 10].
        held_out: The same of held-out digits.
        training: The shares of the classes in the training data, [10].
    """
    return {
        "class_histogram_tv": Measurement(
            _total_variation(_shares(probabilities), training), _total_variation(_shares(held_out), training)
        ),
        "readable_share": Measurement(*(float((p.max(axis=1) > _SURE).mean()) for p in (probabilities, held_out))),
        "frechet_lenet": Measurement(found.frechet, found.frechet_floor),
    }


def _shares(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each class, by the most probable one, [10]."""
    return np.bincount(probabilities.argmax(axis=1), minlength=CLASSES) / len(probabilities)


def _total_variation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.abs(first - second).sum() / 2)
