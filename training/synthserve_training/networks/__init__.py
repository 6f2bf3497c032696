"""Networks: pure Keras models, without data handling, losses or sampling.

A module of this package has `Options` and `build(options, sample_shape) -> Networks`. The last layer of each network is
float32 whatever the others compute in, so that losses are exact.
"""

from dataclasses import dataclass

import keras

from synthserve_training.errors import RecipeError


@dataclass(frozen=True)
class Networks:
    """The networks of one generative model.

    Attributes:
        generator: Latent [n, latent_size] to encoded sample [n, *sample_shape] (a VAE's decoder, a GAN's generator).
        encoder: Encoded sample to the posterior's mean and log-variance, both [n, latent_size].
        critic: Encoded sample to a score [n, 1] (a GAN's discriminator gives the logit of "real").
    """

    generator: keras.Model
    encoder: keras.Model | None = None
    critic: keras.Model | None = None

    @property
    def latent_size(self) -> int:
        """The width of the generator's input."""
        return int(self.generator.input_shape[-1])

    def named(self) -> dict[str, keras.Model]:
        """The networks that there are, by name."""
        networks = {"generator": self.generator, "encoder": self.encoder, "critic": self.critic}
        return {name: network for name, network in networks.items() if network is not None}


def image_shape(kind: str, sample_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Height, width and channels of the samples.

    Args:
        kind: The networks that need them, for the message.
        sample_shape: Of one encoded sample.

    Raises:
        RecipeError: The samples are not images.
    """
    if len(sample_shape) != 3:
        raise RecipeError(f"networks {kind}: these make images, and the data are a table: use kind = 'dense_vae'")
    height, width, channels = sample_shape
    return height, width, channels
