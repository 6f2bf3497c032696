"""The real pictures that generated ones are compared with."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve_training.components import Part
from synthserve_training.data.datasets import DatasetKind, Images
from synthserve_training.data.files import Files
from synthserve_training.errors import DatasetError, EvaluationError
from synthserve_training.recipe import Recipe


@dataclass(frozen=True)
class RealImages:
    """Pictures that the model was trained on, and others where the dataset has some.

    Attributes:
        name: The kind of the dataset.
        training: Pictures that the model was trained on.
        held_out: Pictures that it was not trained on; None: the dataset has no others.
        mirrored: Whether it was trained on mirrored pictures, too.
    """

    name: str
    training: Images
    held_out: Images | None
    mirrored: bool

    @property
    def halves(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Copies of two random halves of the training pictures.

        They are the same in every evaluation, so that their summaries are found in the cache.
        """
        order = np.random.default_rng(0).permutation(len(self.training.pixels))
        middle = len(order) // 2
        return self.training.pixels[np.sort(order[:middle])], self.training.pixels[np.sort(order[middle:])]

    def limited(self, most: int) -> "RealImages":
        """At most so many pictures of each set, chosen at random; the same ones in every evaluation."""
        held_out = None if self.held_out is None else _limited(self.held_out, most)
        return replace(self, training=_limited(self.training, most), held_out=held_out)


def load(
    recipe: Recipe, files: Files, *, training: pd.DataFrame | Images | None = None, address: str | None = None
) -> RealImages:
    """Loads the pictures of a recipe's dataset, and those that it holds out.

    Args:
        recipe: What the model was trained with.
        files: Where datasets lie.
        training: The dataset, where it is in memory already.
        address: Of a user's pictures; None: where the recipe says that they are.

    Raises:
        DatasetError: The data could not be loaded.
        EvaluationError: The dataset is a table, or an address is given for a built-in one.
    """
    dataset = recipe.dataset
    if address is not None:
        if dataset.kind != "pictures":
            raise EvaluationError(
                f"{recipe.model} was trained on the built-in dataset {dataset.kind}: give its folder as --data-dir, "
                "not --data"
            )
        dataset = replace(dataset, written={**dataset.written, "path": address})
    if training is None:
        training = _read(dataset, files, named=address is not None)
    if not isinstance(training, Images):
        raise EvaluationError(f"the dataset of {recipe.model} is a table, not pictures")
    other = dataset.module.held_out(dataset.options)
    held_out = None if other is None else dataset.module.load(other, files)
    return RealImages(
        name=dataset.kind,
        training=training,
        held_out=held_out if isinstance(held_out, Images) else None,
        mirrored=bool(recipe.preprocessing.written.get("horizontal_flips")),
    )


def _read(dataset: Part[DatasetKind], files: Files, *, named: bool) -> pd.DataFrame | Images:
    try:
        return dataset.module.load(dataset.options, files)
    except DatasetError as error:
        if named or dataset.kind != "pictures":
            raise
        raise DatasetError(
            f"{error}. Give the pictures that were learnt as --data, if they are elsewhere now"
        ) from None


def cache_folder(files: Files) -> Path:
    """The folder that keeps summaries of real pictures, and networks, for later evaluations."""
    return files.cache_dir.parent / "evaluation"


def some(pixels: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.uint8]:
    """At most so many of the pictures [n, height, width, channels], chosen at random."""
    chosen = np.random.default_rng(seed).choice(len(pixels), min(count, len(pixels)), replace=False)
    return pixels[chosen]


def _limited(images: Images, most: int) -> Images:
    if most >= len(images.pixels):
        return images
    chosen = np.sort(np.random.default_rng(0).choice(len(images.pixels), most, replace=False))
    return replace(images, pixels=images.pixels[chosen], labels=images.labels[chosen])
