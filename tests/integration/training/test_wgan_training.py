"""A small Wasserstein GAN on made-up pictures: trained, interrupted, exported."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.small_wgan import Trained, experiment, train

from synthserve_core.contract.model import IMAGE
from synthserve_training.errors import RunError
from synthserve_training.export import verify
from synthserve_training.export.graph import convert
from synthserve_training.models.pipeline import NOISE
from synthserve_training.train import checkpoint
from synthserve_training.train.experiment import Experiment
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder


def values(trained: Experiment) -> Mapping[str, list[np.ndarray]]:
    return {name: [np.asarray(v) for v in group] for name, group in trained.variables().items()}


def test_resumed_run_equals_the_uninterrupted_one(averaged: Trained, tmp_path: Path) -> None:
    resumed = experiment()
    train(experiment(), tmp_path, 1)
    run = train(resumed, tmp_path, 3, resume=True)
    assert "average" in values(averaged.experiment)
    for name, group in values(averaged.experiment).items():
        for expected, actual in zip(group, values(resumed)[name], strict=True):
            np.testing.assert_array_equal(actual, expected)
    log = [{k: v for k, v in row.items() if k != "seconds"} for row in run.losses()]
    assert log == [{k: v for k, v in row.items() if k != "seconds"} for row in averaged.run.losses()]
    assert list(log[0]) == ["epoch", "critic_loss", "critic_distance", "critic_penalty", "generator_loss"]
    for picture in (run.losses_plot, run.samples / "epoch-0003.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_generator_moves_once_for_the_steps_of_its_critic(averaged: Trained) -> None:
    critic, generator = averaged.experiment.objective.players
    assert (int(critic.optimizer.iterations), int(generator.optimizer.iterations)) == (12, 4)


def test_epoch_without_a_turn_of_the_generator_is_logged(tmp_path: Path) -> None:
    run = train(experiment(changes={"critic_steps = 1": "critic_steps = 7"}), tmp_path, 2)
    assert [bool(row["generator_loss"]) for row in run.losses()] == [False, True]
    assert run.losses_plot.is_file()


def test_no_epoch_begins_after_the_minutes_and_the_last_one_is_kept(tmp_path: Path) -> None:
    small, run = experiment(), RunFolder(tmp_path)
    assert fit(small, run, epochs=9, minutes=1e-6) == 1
    assert [row["epoch"] for row in run.losses()] == ["1"]
    assert run.checkpoint.is_file()
    assert fit(small, run, epochs=9, minutes=1e-6, resume=True) == 1
    assert fit(small, run, epochs=2, minutes=60, resume=True) == 2


def test_exported_are_the_averaged_weights(averaged: Trained) -> None:
    trained = averaged.experiment
    model = trained.generative()
    assert trained.average is not None
    assert model.generator is trained.average.network
    verify.verify(convert(model).SerializeToString(), model)
    noise = {NOISE: np.random.default_rng(0).standard_normal((4, 5), np.float32)}
    newest = dataclasses.replace(model, generator=trained.networks.generator)
    assert not np.array_equal(np.asarray(model(noise)[IMAGE]), np.asarray(newest(noise)[IMAGE]))


def test_plain_recipe_has_no_average_and_does_not_go_on_with_another_ones_run(plain: Trained) -> None:
    assert plain.experiment.average is None
    assert "average" not in plain.experiment.variables()
    with pytest.raises(RunError, match=r"preprocessing, objective, training\.average_decay"):
        train(experiment(), plain.run.path, 3, resume=True)
    with pytest.raises(RunError, match="other networks"):
        checkpoint.restore(plain.run.checkpoint, experiment().variables())
