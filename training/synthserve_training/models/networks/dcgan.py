"""DCGAN (Radford et al. 2015, arXiv:1511.06434) for images whose sides are multiples of four."""

import keras
from keras import layers
from pydantic import Field

from synthserve_training.components import Number, OptionsBase, Width
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks, image_shape
from synthserve_training.types import Layout


class Options(OptionsBase):
    """Widths of the layers, from the latent outwards and from the image inwards."""

    latent_size: Width = 100
    generator_filters: tuple[Width, Width, Width] = (256, 128, 64)
    discriminator_filters: tuple[Width, Width] = (64, 128)
    kernel_size: int = Field(default=5, strict=True, ge=1, le=64)
    leaky_slope: Number = Field(default=0.3, ge=0)
    dropout: Number = Field(default=0.3, ge=0, lt=1)


def build(options: Options, layout: Layout) -> Networks:
    """Builds generator and discriminator for images [height, width, channels] in [-1, 1].

    Raises:
        RecipeError: The samples are not images, or a side is not a multiple of four.
    """
    height, width, channels = image_shape("dcgan", layout)
    if height % 4 or width % 4:
        raise RecipeError(f"networks dcgan: the image is {height}x{width}; both sides must be multiples of 4")
    return Networks(
        generator=_generator(options, height // 4, width // 4, channels),
        critic=_discriminator(options, layout.shape),
    )


def _generator(options: Options, height: int, width: int, channels: int) -> keras.Model:
    wide, middle, narrow = options.generator_filters

    def upsample(filters: int, strides: int) -> list[layers.Layer]:
        return [
            layers.Conv2DTranspose(filters, options.kernel_size, strides=strides, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=options.leaky_slope),
        ]

    return keras.Sequential(
        [
            layers.Input((options.latent_size,)),
            layers.Dense(height * width * wide, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(negative_slope=options.leaky_slope),
            layers.Reshape((height, width, wide)),
            *upsample(middle, strides=1),
            *upsample(narrow, strides=2),
            layers.Conv2DTranspose(
                channels,
                options.kernel_size,
                strides=2,
                padding="same",
                use_bias=False,
                activation="tanh",
                dtype="float32",
            ),
        ],
        name="generator",
    )


def _discriminator(options: Options, sample_shape: tuple[int, ...]) -> keras.Model:
    stack: list[layers.Layer] = [layers.Input(sample_shape)]
    for filters in options.discriminator_filters:
        stack += [
            layers.Conv2D(filters, options.kernel_size, strides=2, padding="same"),
            layers.LeakyReLU(negative_slope=options.leaky_slope),
            layers.Dropout(options.dropout),
        ]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(1, dtype="float32")], name="discriminator")
