"""Training in mixed precision: what comes out of it is float32."""

import keras
import numpy as np
import pytest
from tests.fixtures import small_wgan
from tests.fixtures.small_wgan import Trained

from synthserve_training.errors import RunError
from synthserve_training.export import verify
from synthserve_training.export.graph import convert

NOISE = np.random.default_rng(0).standard_normal((4, 5), np.float32)


def test_networks_compute_in_bfloat16_and_give_float32(plain: Trained) -> None:
    networks = plain.experiment.networks
    assert [layer.compute_dtype for layer in networks.generator.layers[:2]] == ["bfloat16", "bfloat16"]
    assert networks.generator.compute_dtype == "bfloat16"
    variables = [v for group in plain.experiment.variables().values() for v in group if "iteration" not in v.path]
    assert {variable.dtype for variable in variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"  # what is built next computes as always
    for network, inputs in ((networks.generator, NOISE), (networks.critic, np.zeros((4, 8, 8, 3), np.float32))):
        assert network is not None
        assert {str(weight.dtype) for weight in network.weights} == {"float32"}
        assert np.asarray(network(inputs)).dtype == np.float32
    assert all(np.isfinite(float(row["critic_loss"])) for row in plain.run.losses())


@pytest.mark.parametrize("trained", ["plain", "averaged"])
def test_exported_is_float32(trained: str, request: pytest.FixtureRequest) -> None:
    experiment = request.getfixturevalue(trained).experiment
    model = experiment.generative()
    assert {layer.compute_dtype for layer in model.generator.layers} == {"float32"}
    weights = experiment.average.network if experiment.average else experiment.networks.generator
    for exported, weight in zip(model.generator.weights, weights.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(exported), np.asarray(weight))
    verify.verify(convert(model).SerializeToString(), model)


def test_other_precision_is_another_run(plain: Trained) -> None:
    other = small_wgan.experiment("flowers-wgan-gp", {'"mixed_bfloat16"': '"float32"'})
    with pytest.raises(RunError, match=r"these differ: training\.precision"):
        small_wgan.train(other, plain.run.path, 3, resume=True)
