"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028, algorithm 1).

A critic that learns faster than the generator can do with one step for each of the generator's (two time-scale updates,
Heusel et al. 2017, arXiv:1706.08500), so that the same time trains the generator further.
"""

from collections.abc import Callable, Mapping

import keras
from keras import ops
from pydantic import Field

from synthserve_training.components import Count, Number, OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.models.noise import uniform
from synthserve_training.train.augmentation import VALUES, Change, augment
from synthserve_training.train.backends import input_gradient
from synthserve_training.train.objectives import Objective, Player
from synthserve_training.types import Tensor

# Keeps the norm's own gradient finite where the critic is flat.
_EPSILON = 1e-12


class Options(OptionsBase):
    """Adam; the penalty; how far the critic is ahead; and what is changed of the pictures that it sees."""

    learning_rate: Number = Field(default=1e-4, gt=0)
    critic_learning_rate: Number | None = Field(default=None, gt=0, description="Default: the generator's")
    beta_1: Number = Field(default=0.0, ge=0, lt=1)
    beta_2: Number = Field(default=0.9, ge=0, lt=1)
    penalty_weight: Number = Field(default=10.0, ge=0)
    critic_steps: Count = Field(default=5, description="Steps of the critic, a batch each, for one of the generator")
    augment: tuple[Change, ...] = Field(default=(), description="For few pictures: colour, translation, cutout")


def build(options: Options, networks: Networks) -> Objective:
    """Builds the two players.

    Raises:
        RecipeError: The networks have no critic, or it normalises over the batch.
    """
    generator, critic = networks.generator, networks.critic
    if critic is None:
        raise RecipeError("objective wgan_gp: the networks have no critic")
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in critic.layers):
        raise RecipeError("objective wgan_gp: the critic has batch normalisation; its penalty is one of each sample")
    size = networks.latent_size

    def changed(samples: Tensor, noise: Tensor) -> Tensor:
        """Samples, changed by the noise that is last."""
        if not options.augment:
            return samples
        return augment(samples, uniform(noise[:, -VALUES:]), options.augment)

    def critic_loss(batch: Tensor, noise: Tensor, _schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        fake = changed(ops.stop_gradient(generator(noise[:, :size], training=True)), noise)
        batch = changed(batch, noise)
        real_score, fake_score = critic(batch, training=True), critic(fake, training=True)
        distance = ops.mean(real_score) - ops.mean(fake_score)
        between = interpolate(batch, fake, uniform(noise[:, size]))
        penalty = gradient_penalty(lambda images: critic(images, training=True), between)
        return {
            "loss": options.penalty_weight * penalty - distance,
            "distance": distance,
            "penalty": penalty,
        }

    def generator_loss(_batch: Tensor, noise: Tensor, _schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        fake = changed(generator(noise[:, :size], training=True), noise)
        return {"loss": -ops.mean(critic(fake, training=True))}

    def adam(learning_rate: float) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(learning_rate, beta_1=options.beta_1, beta_2=options.beta_2)

    critic_adam = adam(options.critic_learning_rate or options.learning_rate)
    generator_adam = adam(options.learning_rate)
    more = VALUES if options.augment else 0
    return Objective(
        (
            Player("critic", (critic,), critic_adam, critic_loss, size + 1 + more),
            Player("generator", (generator,), generator_adam, generator_loss, size + more, every=options.critic_steps),
        )
    )


def interpolate(real: Tensor, fake: Tensor, factor: Tensor) -> Tensor:
    """Picks a point on the line between each real sample and its fake one.

    Args:
        real: [n, *shape].
        fake: [n, *shape].
        factor: [n], in [0, 1]; 0 is the real sample.
    """
    factor = ops.reshape(factor, (-1, *(1 for _ in real.shape[1:])))
    return real + factor * (fake - real)


def gradient_penalty(critic: Callable[[Tensor], Tensor], samples: Tensor) -> Tensor:
    """The mean squared distance of the critic's gradient norms from 1.

    Args:
        critic: [n, *shape] to [n, 1].
        samples: [n, *shape].
    """
    gradient = input_gradient(critic, samples)
    axes = tuple(range(1, len(samples.shape)))
    norm = ops.sqrt(ops.sum(ops.square(gradient), axis=axes) + _EPSILON)
    return ops.mean(ops.square(norm - 1.0))
