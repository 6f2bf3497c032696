"""A variational autoencoder of dense layers (Kingma and Welling 2013, arXiv:1312.6114) for samples in [0, 1]."""

import keras
from keras import layers

from synthserve_training.components import OptionsBase, Width
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.types import Layout


class Options(OptionsBase):
    """Widths of the layers. The decoder mirrors the encoder."""

    latent_size: Width = 5
    hidden: tuple[Width, ...] = (16, 8)


def build(options: Options, layout: Layout) -> Networks:
    """Builds encoder and decoder for samples [width] in [0, 1].

    Raises:
        RecipeError: The samples are images.
    """
    if len(layout.shape) != 1:
        raise RecipeError(
            "networks dense_vae: these make tables, and the data are images: use kind = 'dcgan' or 'wgan'"
        )
    (width,) = layout.shape

    sample = layers.Input((width,))
    hidden = sample
    for units in options.hidden:
        hidden = layers.Dense(units, activation="relu")(hidden)
    mean = layers.Dense(options.latent_size, name="mean", dtype="float32")(hidden)
    log_variance = layers.Dense(options.latent_size, name="log_variance", dtype="float32")(hidden)

    decoder = keras.Sequential(
        [
            layers.Input((options.latent_size,)),
            *(layers.Dense(units, activation="relu") for units in reversed(options.hidden)),
            layers.Dense(width, activation="sigmoid", dtype="float32"),
        ],
        name="decoder",
    )
    return Networks(generator=decoder, encoder=keras.Model(sample, (mean, log_variance), name="encoder"))
