"""Training as a function that a script calls."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from synthserve_training import recipe as recipes
from synthserve_training.errors import RecipeError, RunError
from synthserve_training.export import package
from synthserve_training.models.sampling import generate
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.train.training import Start, restore, train
from synthserve_training.types import NO_FIGURES

IRIS = recipes.parse(recipes.read("iris-vae"))


def test_training_is_resumed_restored_and_exported(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    told: list[tuple[str, int, int]] = []

    def progress(what: str, done: int, total: int, _figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        told.append((what, done, total))

    trained = train(IRIS, folder, epochs=2, seed=3, progress=progress)
    assert (trained.epochs, trained.was_done, folder.facts().seed) == (2, False, 3)
    batches = len(told) // 2
    assert told[0] == ("epoch 1/2", 1, 2 * batches)
    assert told[-1] == ("epoch 2/2", 2 * batches, 2 * batches)

    resumed = train(IRIS, folder, epochs=3, start=Start.RESUME)
    assert (resumed.epochs, resumed.was_done, resumed.experiment.seed) == (3, False, 3)
    again = train(IRIS, folder, epochs=3, start=Start.RESUME)
    assert (again.epochs, again.was_done) == (3, True)

    restored = restore(IRIS, folder)
    models = [each.experiment.generative() for each in (resumed, again, restored)]
    first, *others = (generate(model, seed=1, count=50, batch_size=50) for model in models)
    for other in others:
        for key, values in first.items():
            np.testing.assert_array_equal(other[key], values)
    assert package.export(restored, tmp_path / "models") == tmp_path / "models/iris-vae/1"
    assert package.export(restored, tmp_path / "models", 7) == tmp_path / "models/iris-vae/7"


def test_earlier_run_is_kept_unless_it_may_be_overwritten(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    train(IRIS, folder, epochs=1)
    with pytest.raises(RunError, match="holds a training run"):
        train(IRIS, folder, epochs=1)
    with pytest.raises(RunError, match="seed 0, not 4"):
        train(IRIS, folder, epochs=2, seed=4, start=Start.RESUME)
    assert train(IRIS, folder, epochs=1, seed=4, start=Start.OVERWRITE).experiment.seed == 4


def test_head_that_does_not_fit_is_an_error_before_the_training(tmp_path: Path) -> None:
    # A column of categories alone has no numbers to add noise to.
    text = recipes.read("iris-vae")
    before, _, rest = text.partition("[[preprocessing.columns]]")
    species = rest[rest.rindex("[[preprocessing.columns]]") :]
    with pytest.raises(RecipeError, match="the head observation_noise needs an encoder and numeric columns"):
        train(recipes.parse(before + species), RunFolder(tmp_path / "run"), epochs=1)
    assert not (tmp_path / "run").exists()
