"""Trains a recipe: the function behind `synthserve-train run`, for scripts.

Example:
    >>> from pathlib import Path
    >>> from synthserve_training import recipe
    >>> from synthserve_training.train.run_folder import RunFolder
    >>> from synthserve_training.train.training import train
    >>> trained = train(recipe.parse(recipe.read("iris-vae")), RunFolder(Path("runs/iris-vae")), epochs=100)
    >>> model = trained.experiment.generative()
"""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthserve_training.data.files import Files
from synthserve_training.recipe import Recipe
from synthserve_training.train import startup
from synthserve_training.train.run_folder import RunFolder, check_writable
from synthserve_training.types import Progress, no_progress

if TYPE_CHECKING:  # it imports Keras
    from synthserve_training.train.experiment import Experiment


class Start(enum.Enum):
    """What to do with an earlier run in the folder."""

    NEW = "new"
    """There must be none."""

    RESUME = "resume"
    """Go on from its last checkpoint."""

    OVERWRITE = "overwrite"
    """Delete it."""


@dataclass(frozen=True)
class Trained:
    """A trained recipe.

    Attributes:
        experiment: The recipe with its trained networks; `experiment.generative()` is the model.
        folder: The folder of the run.
        epochs: Epochs in all.
        was_done: Whether an earlier run had trained as many already.
    """

    experiment: "Experiment"
    folder: RunFolder
    epochs: int
    was_done: bool = False


def check_start(recipe: Recipe, folder: RunFolder, start: Start = Start.NEW, seed: int | None = None) -> int:
    """Checks that a run can start, before Keras takes its seconds to start and training its hours.

    Args:
        recipe: What to train.
        folder: Where.
        start: What to do with an earlier run there.
        seed: From 0 to 2^32 - 1; None: 0, or that of the run that is resumed.

    Returns:
        The seed.

    Raises:
        RunError: The folder is in use, holds a run that would be deleted, or no run of this recipe and seed to resume.
        OSError: The folder cannot be written.
    """
    folder.check_idle()
    if start is Start.RESUME:
        seed = folder.facts().seed if seed is None else seed
        folder.check_resumable(recipe, seed)
    else:
        folder.check_free(overwrite=start is Start.OVERWRITE)
    check_writable(folder.path)
    return seed or 0


def train(
    recipe: Recipe,
    folder: RunFolder,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    start: Start = Start.NEW,
    data_dir: Path | None = None,
    progress: Progress = no_progress,
    minutes: float | None = None,
) -> Trained:
    """Trains a recipe. Losses, samples and checkpoints go into the folder.

    Args:
        recipe: What to train; see `recipe.parse`.
        folder: The folder of the run, made where it does not exist.
        epochs: Epochs in all, at least 1; None: the recipe's.
        seed: Of weights, order and noise, from 0 to 2^32 - 1; None: 0, or that of the run that is resumed.
        start: What to do with an earlier run in the folder.
        data_dir: Where datasets lie; see `Files.locate`.
        progress: Called after each batch; see `loop.fit`.
        minutes: Train no further epoch after so long; None: all epochs.

    Returns:
        The trained networks and how long they were trained.

    Raises:
        RecipeError: An option is wrong, or the parts do not fit together.
        DatasetError: The data could not be loaded.
        RunError: See `check_start`; or a loss is no longer finite.
        BackendError: Keras runs on a library that does not train here.
        OSError: The folder cannot be written.
    """
    seed = check_start(recipe, folder, start, seed)
    startup.start_keras()
    # Keras, which these import, prints pages of notes unless it is started as above.
    from synthserve_training.train import checkpoint
    from synthserve_training.train.experiment import assemble
    from synthserve_training.train.loop import fit
    from synthserve_training.train.tracking import tracker

    experiment = assemble(recipe, seed=seed, data_dir=data_dir)
    total = epochs or recipe.training.epochs
    if start is Start.RESUME:
        before = checkpoint.restore(folder.checkpoint, experiment.variables())
        if before >= total:
            return Trained(experiment, folder, before, was_done=True)
    trained = fit(
        experiment,
        folder,
        epochs=total,
        resume=start is Start.RESUME,
        overwrite=start is Start.OVERWRITE,
        progress=progress,
        measure=tracker(experiment, Files.locate(data_dir), progress),
        minutes=minutes,
    )
    return Trained(experiment, folder, trained)


def restore(recipe: Recipe, folder: RunFolder, *, data_dir: Path | None = None, backend: str | None = None) -> Trained:
    """Loads what a run has trained so far.

    Args:
        recipe: What it trained. Sampler, heads, export and card can differ from those of the run.
        folder: The folder of the run.
        data_dir: Where datasets lie; see `Files.locate`.
        backend: What Keras shall run on; None: what the user wants.

    Raises:
        RecipeError: An option is wrong, or the parts do not fit together.
        DatasetError: The data could not be loaded.
        RunError: The folder holds no run with a checkpoint, or the run of another recipe.
        BackendError: Keras does not run on that.
    """
    facts = folder.facts()
    startup.start_keras(backend)
    # As in `train`.
    from synthserve_training.train import checkpoint
    from synthserve_training.train.experiment import assemble

    experiment = assemble(recipe, seed=facts.seed, data_dir=data_dir)
    folder.check_made_with(recipe, facts.seed)
    return Trained(experiment, folder, checkpoint.restore(folder.checkpoint, experiment.variables()))
