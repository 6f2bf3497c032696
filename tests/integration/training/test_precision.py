"""Training in mixed precision: what comes out of it is float32."""

from pathlib import Path

import keras
import numpy as np
import pytest
from tests.fixtures import small_wgan

from synthserve_training.errors import RunError
from synthserve_training.export import verify
from synthserve_training.export.graph import convert

NOISE = np.random.default_rng(0).standard_normal((4, 5), np.float32)


def test_networks_compute_in_bfloat16_and_give_float32(tmp_path: Path) -> None:
    experiment = small_wgan.experiment("flowers-wgan-gp")
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
    run = small_wgan.train(experiment, tmp_path, 2)
    assert all(np.isfinite(float(row["critic_loss"])) for row in run.losses())


@pytest.mark.parametrize("recipe", ["flowers-wgan-gp", "flowers-wgan-gp-ema"])
def test_exported_is_float32(recipe: str, tmp_path: Path) -> None:
    experiment = small_wgan.experiment(recipe)
    small_wgan.train(experiment, tmp_path, 2)
    model = experiment.generative()
    assert {layer.compute_dtype for layer in model.generator.layers} == {"float32"}
    trained = experiment.average.network if experiment.average else experiment.networks.generator
    for exported, weight in zip(model.generator.weights, trained.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(exported), np.asarray(weight))
    verify.verify(convert(model).SerializeToString(), model)


def test_other_precision_is_another_run(tmp_path: Path) -> None:
    small_wgan.train(small_wgan.experiment("flowers-wgan-gp"), tmp_path, 2)
    other = small_wgan.experiment("flowers-wgan-gp", {'"mixed_bfloat16"': '"float32"'})
    with pytest.raises(RunError, match=r"these differ: training\.precision"):
        small_wgan.train(other, tmp_path, 3, resume=True)
