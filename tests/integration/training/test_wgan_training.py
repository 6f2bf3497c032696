"""A small Wasserstein GAN on made-up pictures: trained, interrupted, exported."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from synthserve_training import checkpoint
from synthserve_training import recipe as recipes
from synthserve_training.datasets import Images, flowers102
from synthserve_training.errors import RunError
from synthserve_training.experiment import Experiment, assemble
from synthserve_training.export import verify
from synthserve_training.export.graph import convert
from synthserve_training.finished import finish
from synthserve_training.loop import fit
from synthserve_training.run_folder import RunFolder
from synthserve_training.samples import sample_writer

SMALL = {
    "generator_filters = [256, 128, 64]": "generator_filters = [8, 4]",
    "critic_filters = [64, 128, 256]": "critic_filters = [4, 8]",
    "latent_size = 128": "latent_size = 5",
    "batch_size = 64": "batch_size = 8",
    "sample_every = 5": "sample_every = 2",
    "critic_steps = 1": "critic_steps = 3",  # so that the generator's turns do not begin with the epochs
}


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8)
    monkeypatch.setattr(flowers102, "load", lambda *_: Images(pixels, np.zeros(30, np.int64)))


def flowers(recipe: str = "flowers-wgan-gp-ema", **changes: str) -> Experiment:
    text = recipes.read(recipe)
    for before, after in {**SMALL, **changes}.items():
        text = text.replace(before, after)
    return assemble(text, seed=4)


def train(experiment: Experiment, folder: Path, epochs: int, *, resume: bool = False) -> RunFolder:
    run = RunFolder(folder)
    writer = sample_writer(experiment)
    fit(experiment, run, epochs=epochs, resume=resume, progress=lambda *_: None, write_samples=writer)
    return run


def values(experiment: Experiment) -> Mapping[str, list[np.ndarray]]:
    return {name: [np.asarray(v) for v in group] for name, group in experiment.variables().items()}


def test_resumed_run_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, resumed = flowers(), flowers()
    train(whole, tmp_path / "whole", 3)
    train(flowers(), tmp_path / "parts", 1)
    run = train(resumed, tmp_path / "parts", 3, resume=True)
    assert "average" in values(whole)
    for name, group in values(whole).items():
        for expected, actual in zip(group, values(resumed)[name], strict=True):
            np.testing.assert_array_equal(actual, expected)
    log = [{k: v for k, v in row.items() if k != "seconds"} for row in run.losses()]
    assert log == [{k: v for k, v in row.items() if k != "seconds"} for row in RunFolder(tmp_path / "whole").losses()]
    assert list(log[0]) == ["epoch", "critic_loss", "critic_distance", "critic_penalty", "generator_loss"]
    for picture in (run.losses_plot, run.samples / "epoch-0003.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_generator_moves_once_for_the_steps_of_its_critic(tmp_path: Path) -> None:
    experiment = flowers()
    train(experiment, tmp_path, 2)  # 2 epochs of 4 batches
    critic, generator = experiment.objective.players
    assert (int(critic.optimizer.iterations), int(generator.optimizer.iterations)) == (8, 2)


def test_epoch_without_a_turn_of_the_generator_is_logged(tmp_path: Path) -> None:
    run = train(flowers(**{"critic_steps = 3": "critic_steps = 7"}), tmp_path, 2)
    assert [bool(row["generator_loss"]) for row in run.losses()] == [False, True]
    assert run.losses_plot.is_file()


def test_exported_are_the_averaged_weights(tmp_path: Path) -> None:
    experiment = flowers()
    train(experiment, tmp_path, 2)
    model = finish(experiment)
    assert experiment.average is not None
    assert model.generator is experiment.average.network
    verify.verify(convert(model).SerializeToString(), model)
    noise = np.random.default_rng(0).standard_normal((4, 5), np.float32)
    newest = dataclasses.replace(model, generator=experiment.networks.generator)
    assert not np.array_equal(np.asarray(model(noise, {})["image"]), np.asarray(newest(noise, {})["image"]))


def test_plain_recipe_has_no_average_and_does_not_go_on_with_another_ones_run(tmp_path: Path) -> None:
    experiment = flowers("flowers-wgan-gp")
    assert experiment.average is None
    assert "average" not in experiment.variables()
    run = train(experiment, tmp_path, 1)
    with pytest.raises(RunError, match=r"preprocessing, objective, training\.average_decay"):
        train(flowers(), tmp_path, 2, resume=True)
    with pytest.raises(RunError, match="other networks"):
        checkpoint.restore(run.checkpoint, flowers().variables())
