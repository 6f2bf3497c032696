"""What is measured of the pictures of certain datasets only: what they show."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from synthserve_training.evaluation.figures import Section
from synthserve_training.evaluation.images import digits
from synthserve_training.evaluation.images.comparison import Generate
from synthserve_training.evaluation.images.digits.evaluation import DigitEvaluation
from synthserve_training.evaluation.images.real import RealImages
from synthserve_training.types import Progress


class ContentEvaluation(Protocol):
    """Measures what pictures show, with a network that knows the dataset."""

    def evaluate(
        self, generate: Generate, count: int, real: RealImages, *, seed: int, cache: Path, progress: Progress
    ) -> Section:
        """Measures generated pictures.

        Args:
            generate: Gives the generated pictures.
            count: How many to generate.
            real: The real ones; some are held out.
            seed: Of random choices.
            cache: Folder where summaries of real pictures are kept.
            progress: Is told how many pictures are done.
        """
        ...


def _digits(real: RealImages, cache: Path) -> ContentEvaluation | None:
    return DigitEvaluation(digits.reader(real.training, real.held_out, cache)) if real.held_out else None


CONTENTS: dict[str, Callable[[RealImages, Path], ContentEvaluation | None]] = {"mnist": _digits}
"""Makes the evaluation for a kind of dataset, with all its pictures and the cache folder; None: none are held out."""
