import numpy as np
import pytest
from keras import ops

from synthserve_training.data.preprocessing import image
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks, dcgan, dense_vae, wgan
from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.backends import input_gradient
from synthserve_training.train.objectives import wgan_gp
from synthserve_training.train.objectives.wgan_gp import gradient_penalty, interpolate
from synthserve_training.types import Layout, Tensor

SMALL = wgan.Options(latent_size=6, generator_filters=(8, 4), critic_filters=(4, 8))


def test_gradient_penalty_of_a_linear_critic_is_known() -> None:
    weights = np.random.default_rng(0).normal(size=(4, 4, 3)).astype(np.float32)
    samples = np.random.default_rng(1).normal(size=(5, 4, 4, 3)).astype(np.float32)

    def penalty(scale: float) -> float:
        def critic(images: Tensor) -> Tensor:
            return ops.sum(scale * weights * images, axis=(1, 2, 3), keepdims=True)

        return float(gradient_penalty(critic, ops.convert_to_tensor(samples)))

    assert penalty(1.0) == pytest.approx((np.linalg.norm(weights) - 1) ** 2, rel=1e-5)
    assert penalty(0.0) == pytest.approx(1.0, rel=1e-5)


def test_input_gradient_is_one_of_each_sample() -> None:
    samples = np.arange(6, dtype=np.float32).reshape(3, 2)
    gradient = input_gradient(lambda x: ops.sum(x**2, axis=1, keepdims=True), ops.convert_to_tensor(samples))
    np.testing.assert_allclose(gradient, 2 * samples)


def test_interpolation_is_on_the_line_and_one_for_each_sample() -> None:
    real, fake = np.zeros((3, 2, 2, 1), np.float32), np.ones((3, 2, 2, 1), np.float32)
    between = np.asarray(interpolate(real, fake, ops.convert_to_tensor(np.array([0.0, 0.25, 1.0], np.float32))))
    assert [np.unique(sample).tolist() for sample in between] == [[0.0], [0.25], [1.0]]


def test_networks_are_those_of_the_report() -> None:
    networks = wgan.build(wgan.Options(), Layout((64, 64, 3)))
    assert networks.latent_size == 128
    assert networks.generator.output_shape == (None, 64, 64, 3)
    assert networks.critic is not None
    shapes = [layer.output.shape[1:] for layer in networks.critic.layers if "conv" in layer.name]
    assert shapes == [(32, 32, 64), (16, 16, 128), (8, 8, 256)]
    assert not [layer for layer in networks.critic.layers if "batch_normalization" in layer.name]


def test_networks_and_objective_say_what_does_not_fit() -> None:
    with pytest.raises(RecipeError, match="multiples of 8"):
        wgan.build(wgan.Options(), Layout((28, 28, 1)))
    with pytest.raises(RecipeError, match="no critic"):
        wgan_gp.build(wgan_gp.Options(), dense_vae.build(dense_vae.Options(), Layout((4,))))
    networks = dcgan.build(dcgan.Options(generator_filters=(4, 4, 4)), Layout((8, 8, 1)))
    with pytest.raises(RecipeError, match="batch normalisation"):
        wgan_gp.build(wgan_gp.Options(), Networks(networks.generator, critic=networks.generator))


def test_critic_is_ahead_by_its_steps_and_learns_by_its_own_rate() -> None:
    networks = wgan.build(SMALL, Layout((8, 8, 3)))
    critic, generator = wgan_gp.build(wgan_gp.Options(critic_steps=3), networks).players
    assert (critic.every, generator.every) == (1, 3)
    assert critic.noise_size == generator.noise_size + 1  # where between real and fake
    options = wgan_gp.Options(learning_rate=1e-4, critic_learning_rate=3e-4)
    rates = [float(player.optimizer.learning_rate) for player in wgan_gp.build(options, networks).players]
    np.testing.assert_allclose(rates, [3e-4, 1e-4])


def test_average_follows_the_weights_and_forgets_where_they_began() -> None:
    source = wgan.build(SMALL, Layout((8, 8, 3))).generator
    average = WeightAverage(source, 0.9)
    start = [np.asarray(weight) for weight in source.weights]
    for weight in source.weights:
        weight.assign(weight + 1.0)
    average.follow(0)  # keeps 1/10
    for averaged, before in zip(average.network.weights, start, strict=True):
        np.testing.assert_allclose(averaged, before + 0.9, atol=1e-6)
    for _ in range(200):
        average.follow(10_000)  # keeps 9/10
    for averaged, newest in zip(average.network.weights, source.weights, strict=True):
        np.testing.assert_allclose(averaged, newest, atol=1e-6)


def test_flips_mirror_about_half_of_the_images() -> None:
    batch = np.random.default_rng(0).normal(size=(400, 4, 4, 3)).astype(np.float32)
    flipped = image.flip(batch, np.random.default_rng(1))
    mirrored = (flipped == batch[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (flipped[~mirrored] == batch[~mirrored]).all()
    assert 150 < mirrored.sum() < 250
