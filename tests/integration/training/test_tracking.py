"""The Fréchet distance in the log of a run."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from synthserve_core.contract.model import IMAGE
from synthserve_training import recipe as recipes
from synthserve_training.data.datasets import Images, flowers102
from synthserve_training.data.files import Files
from synthserve_training.errors import RecipeError
from synthserve_training.evaluation.images.distances.frechet import frechet_distance
from synthserve_training.evaluation.images.distances.moments import Moments
from synthserve_training.evaluation.images.networks import Inception
from synthserve_training.models.sampling import generate
from synthserve_training.train import tracking
from synthserve_training.train.experiment import Experiment, assemble
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.train.tracking import tracker
from synthserve_training.types import no_progress

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), np.uint8)


class Corner:
    """The values of a picture's corner, as a network's features."""

    digest = "2" * 64
    size = 3
    batch_size = 16

    def features(self, images: np.ndarray) -> np.ndarray:
        return images[:, 0, 0, :].astype(np.float32)


@pytest.fixture(autouse=True)
def no_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(flowers102, "load", lambda *_: Images(PIXELS, np.zeros(len(PIXELS), np.int64)))
    monkeypatch.setattr(Inception, "find", lambda _files: Corner())


def flowers(section: str) -> Experiment:
    changes = {
        "[256, 128, 64]": "[8, 4]",
        "[64, 128, 256]": "[4, 8]",
        "batch_size = 64": "batch_size = 30",
        "sample_every": f"{section}\nsample_every",
    }
    text = recipes.read("flowers-wgan-gp")
    for before, after in changes.items():
        text = text.replace(before, after)
    return assemble(recipes.parse(text), seed=0)


def measured(experiment: Experiment, samples: int) -> float:
    model, seed = experiment.generative(), tracking.SEED
    images = generate(model, seed=seed, count=samples, batch_size=64)[IMAGE]
    generated, real = Moments(3), Moments(3)
    generated.add(Corner().features(images))
    real.add(Corner().features(PIXELS))
    return frechet_distance(generated, real)


def test_log_has_the_distance_of_the_epochs_that_were_asked_for(tmp_path: Path) -> None:
    experiment = flowers('tracking = { network = "inception", samples = 300, every = 2 }')
    told: list[str] = []
    before = measured(experiment, 300)
    run = RunFolder(tmp_path / "run")
    fit(
        experiment,
        run,
        epochs=4,
        measure=tracker(experiment, Files.locate(None), lambda what, *_: told.append(what)),
    )
    log: list[Mapping[str, str]] = list(run.losses())
    assert [bool(row["frechet_inception"]) for row in log] == [False, True, False, True]
    after = measured(experiment, 300)
    assert float(log[-1]["frechet_inception"]) == pytest.approx(after, rel=1e-3)
    assert after != pytest.approx(before, rel=1e-3)
    assert set(told) == {"flowers102-half-1", "flowers102-half-2"}
    assert run.losses_plot.is_file()


def test_nothing_is_measured_where_nothing_is_asked_for() -> None:
    assert tracker(flowers(""), Files.locate(None), no_progress)(1) == {}


def test_digit_reader_is_for_digits() -> None:
    experiment = flowers('tracking = { network = "digits", samples = 300 }')
    with pytest.raises(RecipeError, match='use "inception"'):
        tracker(experiment, Files.locate(None), no_progress)


def test_unknown_network_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"training\.tracking\.network"):
        flowers('tracking = { network = "resnet", samples = 300 }')
