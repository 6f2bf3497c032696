"""The non-saturating GAN objective (Goodfellow et al. 2014, arXiv:1406.2661, section 3)."""

from collections.abc import Mapping

import keras
from keras import ops
from pydantic import Field

from synthserve_training.components import Number, OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.models.noise import uniform
from synthserve_training.train.augmentation import VALUES, Change, augment
from synthserve_training.train.objectives import Objective, Player
from synthserve_training.types import Tensor


class Options(OptionsBase):
    """Adam, the same for both players; and what is changed of the pictures that the discriminator sees."""

    learning_rate: Number = Field(default=2e-4, gt=0)
    beta_1: Number = Field(default=0.5, ge=0, lt=1)
    augment: tuple[Change, ...] = Field(default=(), description="For few pictures: colour, translation, cutout")


def build(options: Options, networks: Networks) -> Objective:
    """Builds the two players.

    Raises:
        RecipeError: The networks have no discriminator.
    """
    generator, discriminator = networks.generator, networks.critic
    if discriminator is None:
        raise RecipeError("objective gan: the networks have no discriminator")
    size = networks.latent_size

    def seen(samples: Tensor, noise: Tensor) -> Tensor:
        """The logits of samples, which are changed first by what noise is beside the latents."""
        if options.augment:
            samples = augment(samples, uniform(noise[:, size:]), options.augment)
        return discriminator(samples, training=True)

    def discriminator_loss(batch: Tensor, noise: Tensor, _schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        fake = ops.stop_gradient(generator(noise[:, :size], training=True))
        real_logits, fake_logits = seen(batch, noise), seen(fake, noise)
        return {
            "loss": ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits)),
            "real": ops.mean(ops.sigmoid(real_logits)),
            "fake": ops.mean(ops.sigmoid(fake_logits)),
        }

    def generator_loss(_batch: Tensor, noise: Tensor, _schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        return {"loss": ops.mean(ops.softplus(-seen(generator(noise[:, :size], training=True), noise)))}

    def adam() -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(options.learning_rate, beta_1=options.beta_1)

    noise_size = size + (VALUES if options.augment else 0)
    return Objective(
        (
            Player("discriminator", (discriminator,), adam(), discriminator_loss, noise_size),
            Player("generator", (generator,), adam(), generator_loss, noise_size),
        )
    )
