"""Generator and critic of a Wasserstein GAN for square images, after DCGAN (Radford et al. 2015, arXiv:1511.06434)."""

import keras
from keras import layers
from pydantic import Field

from synthserve_training.components import Number, OptionsBase, Width
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks, image_shape
from synthserve_training.types import Layout


class Options(OptionsBase):
    """Widths of the layers, from the latent outwards and from the image inwards; each but the first halves the side."""

    latent_size: Width = 128
    generator_filters: tuple[Width, ...] = Field(default=(256, 128, 64), min_length=1)
    critic_filters: tuple[Width, ...] = Field(default=(64, 128, 256), min_length=1)
    kernel_size: int = Field(
        default=4, strict=True, ge=2, le=64, description="A multiple of 2, the stride, draws no checkerboard"
    )
    leaky_slope: Number = Field(default=0.2, ge=0)


def build(options: Options, layout: Layout) -> Networks:
    """Builds generator and critic for images [height, width, channels] in [-1, 1].

    Raises:
        RecipeError: The samples are not images, or a side cannot be halved as often as there are layers.
    """
    height, width, _ = image_shape("wgan", layout)
    for name, filters in (("generator", options.generator_filters), ("critic", options.critic_filters)):
        if height % 2 ** len(filters) or width % 2 ** len(filters):
            raise RecipeError(
                f"networks wgan: the image is {height}x{width}; {len(filters)} layers of the {name} need sides that "
                f"are multiples of {2 ** len(filters)}"
            )
    return Networks(generator=_generator(options, layout.shape), critic=_critic(options, layout.shape))


def _generator(options: Options, sample_shape: tuple[int, ...]) -> keras.Model:
    height, width, channels = sample_shape
    first, *narrower = options.generator_filters
    scale = 2 ** len(options.generator_filters)
    # A bias before batch normalisation would be taken away again.
    stack: list[layers.Layer] = [
        layers.Input((options.latent_size,)),
        layers.Dense(height // scale * (width // scale) * first, use_bias=False),
        layers.Reshape((height // scale, width // scale, first)),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]
    for filters in narrower:
        stack += [
            layers.Conv2DTranspose(filters, options.kernel_size, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
        ]
    last = layers.Conv2DTranspose(
        channels, options.kernel_size, strides=2, padding="same", activation="tanh", dtype="float32"
    )
    return keras.Sequential([*stack, last], name="generator")


def _critic(options: Options, sample_shape: tuple[int, ...]) -> keras.Model:
    # No batch normalisation: the gradient penalty is one of each sample, which must not depend on its neighbours.
    stack: list[layers.Layer] = [layers.Input(sample_shape)]
    for filters in options.critic_filters:
        stack += [
            layers.Conv2D(filters, options.kernel_size, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=options.leaky_slope),
        ]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(1, dtype="float32")], name="critic")
