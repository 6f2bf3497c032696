"""The VAE objective: squared error plus a weighted Kullback-Leibler divergence (beta-VAE, Higgins et al. 2017)."""

from collections.abc import Mapping

import keras
from keras import ops
from pydantic import Field

from synthserve_training.components import Number, OptionsBase
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.train.objectives import Objective, Player
from synthserve_training.types import Tensor


class Options(OptionsBase):
    """Adam, and the weight of the divergence: from 0 to `kl_weight`, linearly over the first epochs."""

    learning_rate: Number = Field(default=1e-3, gt=0)
    kl_weight: Number = Field(default=0.01, ge=0)
    kl_annealing_epochs: int = Field(default=100, strict=True, ge=0, le=2**31 - 1)


def build(options: Options, networks: Networks) -> Objective:
    """Builds the one player, which moves encoder and decoder.

    Raises:
        RecipeError: The networks have no encoder.
    """
    decoder, encoder = networks.generator, networks.encoder
    if encoder is None:
        raise RecipeError("objective vae: the networks have no encoder")

    def loss(batch: Tensor, noise: Tensor, schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        mean, log_variance = encoder(batch, training=True)
        sample = decoder(mean + ops.exp(0.5 * log_variance) * noise, training=True)
        error = ops.mean(ops.square(batch - sample))
        divergence = ops.mean(kl_divergence(mean, log_variance))
        return {"loss": error + schedule["kl_weight"] * divergence, "mse": error, "kl": divergence}

    def schedule(epoch: int) -> Mapping[str, float]:
        progress = min(1.0, epoch / options.kl_annealing_epochs) if options.kl_annealing_epochs else 1.0
        return {"kl_weight": options.kl_weight * progress}

    adam = keras.optimizers.Adam(options.learning_rate)
    return Objective((Player("vae", (encoder, decoder), adam, loss, networks.latent_size),), schedule)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, I), in nats.

    Args:
        mean: [n, size].
        log_variance: [n, size].

    Returns:
        [n], each at least 0.
    """
    return -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=-1)
