"""Training in mixed precision: what comes out of it is float32."""

from pathlib import Path

import keras
import numpy as np
import pytest

from synthserve_training import recipe as recipes
from synthserve_training.datasets import Images, flowers102
from synthserve_training.errors import RunError
from synthserve_training.experiment import Experiment, assemble
from synthserve_training.export import verify
from synthserve_training.export.graph import convert
from synthserve_training.finished import finish
from synthserve_training.loop import fit
from synthserve_training.run_folder import RunFolder

SMALL = {
    "generator_filters = [256, 128, 64]": "generator_filters = [8, 4]",
    "critic_filters = [64, 128, 256]": "critic_filters = [4, 8]",
    "latent_size = 128": "latent_size = 5",
    "batch_size = 64": "batch_size = 8",
}
NOISE = np.random.default_rng(0).standard_normal((4, 5), np.float32)


@pytest.fixture(autouse=True)
def pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), np.uint8)
    monkeypatch.setattr(flowers102, "load", lambda *_: Images(pixels, np.zeros(30, np.int64)))


def flowers(recipe: str, *, precision: str = "mixed_bfloat16") -> Experiment:
    text = recipes.read(recipe).replace('"mixed_bfloat16"', f'"{precision}"')
    for before, after in SMALL.items():
        assert before in text
        text = text.replace(before, after)
    return assemble(text, seed=4)


def train(experiment: Experiment, folder: Path, epochs: int = 2, *, resume: bool = False) -> RunFolder:
    run = RunFolder(folder)
    fit(experiment, run, epochs=epochs, resume=resume, progress=lambda *_: None, write_samples=lambda *_: None)
    return run


def test_networks_compute_in_bfloat16_and_give_float32(tmp_path: Path) -> None:
    experiment = flowers("flowers-wgan-gp")
    networks = experiment.networks
    assert [layer.compute_dtype for layer in networks.generator.layers[:2]] == ["bfloat16", "bfloat16"]
    assert networks.generator.compute_dtype == "bfloat16"
    variables = [v for group in experiment.variables().values() for v in group if "iteration" not in v.path]
    assert {variable.dtype for variable in variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"  # what is built next computes as always
    for network, inputs in ((networks.generator, NOISE), (networks.critic, np.zeros((4, 8, 8, 3), np.float32))):
        assert network is not None
        assert {str(weight.dtype) for weight in network.weights} == {"float32"}
        assert np.asarray(network(inputs)).dtype == np.float32
    run = train(experiment, tmp_path)
    assert all(np.isfinite(float(row["critic_loss"])) for row in run.losses())


@pytest.mark.parametrize("recipe", ["flowers-wgan-gp", "flowers-wgan-gp-ema"])
def test_exported_is_float32(recipe: str, tmp_path: Path) -> None:
    experiment = flowers(recipe)
    train(experiment, tmp_path)
    model = finish(experiment)
    assert {layer.compute_dtype for layer in model.generator.layers} == {"float32"}
    trained = experiment.average.network if experiment.average else experiment.networks.generator
    for exported, weight in zip(model.generator.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(exported), np.asarray(weight))
    verify.verify(convert(model).SerializeToString(), model)


def test_other_precision_is_another_run(tmp_path: Path) -> None:
    train(flowers("flowers-wgan-gp"), tmp_path)
    with pytest.raises(RunError, match=r"these differ: training\.precision"):
        train(flowers("flowers-wgan-gp", precision="float32"), tmp_path, 3, resume=True)
