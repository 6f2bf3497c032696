"""The real pictures that a model is held against."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthserve_training.components import component
from synthserve_training.datasets import Images
from synthserve_training.datasets._files import Files
from synthserve_training.errors import EvaluationError
from synthserve_training.recipe import Recipe


@dataclass(frozen=True)
class RealImages:
    """Pictures that the model was trained on, and others where the dataset has such.

    Attributes:
        name: Of the dataset.
        training: What the model was trained on.
        held_out: What it was not trained on.
        mirrored: Whether it was trained on mirrored pictures, too.
    """

    name: str
    training: Images
    held_out: Images | None
    mirrored: bool

    @property
    def halves(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Copies of two random halves of the training pictures, always the same ones: what is known of them is kept."""
        order = np.random.default_rng(0).permutation(len(self.training.pixels))
        middle = len(order) // 2
        return self.training.pixels[np.sort(order[:middle])], self.training.pixels[np.sort(order[middle:])]


def load(recipe: Recipe, files: Files, limit: int | None = None) -> RealImages:
    """Loads the pictures of a recipe's dataset.

    A dataset module says with `held_out(options)` where there are pictures that these options do not train on.

    Args:
        recipe: What the model was trained with.
        files: Where datasets lie.
        limit: At most that many pictures of each set, picked at random.

    Raises:
        DatasetError: The data could not be loaded.
        EvaluationError: They are no pictures.
    """
    module, options = component("datasets", recipe.dataset)
    training = module.load(options, files)
    if not isinstance(training, Images):
        raise EvaluationError(f"the dataset of {recipe.model} is a table, not pictures")
    other = module.held_out(options) if hasattr(module, "held_out") else None
    held_out = None if other is None else module.load(other, files)
    return RealImages(
        name=recipe.dataset["kind"],
        training=_some(training, limit),
        held_out=None if held_out is None else _some(held_out, limit),
        mirrored=bool(recipe.preprocessing.get("horizontal_flips")),
    )


def cache_folder(files: Files) -> Path:
    """Where what was found out of real pictures is kept for later evaluations."""
    return files.cache_dir.parent / "evaluation"


def _some(images: Images, limit: int | None) -> Images:
    if limit is None or limit >= len(images.pixels):
        return images
    chosen = np.sort(np.random.default_rng(0).choice(len(images.pixels), limit, replace=False))
    return Images(images.pixels[chosen], images.labels[chosen])
