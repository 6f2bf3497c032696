"""Trainings that several modules look at: TensorFlow takes seconds to compile one. Tests must not change them."""

import sys
from collections.abc import Callable

import pytest
from tests.fixtures import small_wgan
from tests.fixtures.small_wgan import Trained

from synthserve_training import cli


def _trained(recipe: str, epochs: int, folders: pytest.TempPathFactory) -> Trained:
    experiment = small_wgan.experiment(recipe)
    return Trained(experiment, small_wgan.train(experiment, folders.mktemp(recipe), epochs))


@pytest.fixture(scope="session")
def averaged(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """`flowers-wgan-gp-ema` after 3 epochs of 4 batches."""
    return _trained("flowers-wgan-gp-ema", 3, tmp_path_factory)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """`flowers-wgan-gp`, whose weights are not averaged, after 2 epochs of 4 batches."""
    return _trained("flowers-wgan-gp", 2, tmp_path_factory)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command of `synthserve-train`, as a user types it; returns its exit status."""

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["synthserve-train", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return run
