"""Networks: pure Keras models, without data handling, losses or sampling.

A module of this package is a `NetworksKind`. The last layer of each network is float32 whatever the others compute in,
so that losses are exact.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import keras

from synthserve_training.errors import RecipeError
from synthserve_training.types import Layout


@dataclass(frozen=True)
class Networks:
    """The networks of one generative model.

    Attributes:
        generator: Latent [n, latent_size] to encoded sample [n, *shape] (a VAE's decoder, a GAN's generator).
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


class NetworksKind(Protocol):
    """The functions of a module of networks."""

    def build(self, options: Any, layout: Layout, /) -> Networks:  # noqa: ANN401 - the module's `Options`
        """Builds networks for samples of a layout.

        Raises:
            RecipeError: They are not for such samples.
        """
        ...


def image_shape(kind: str, layout: Layout) -> tuple[int, int, int]:
    """Height, width and channels of the samples.

    Args:
        kind: The networks that need them, for the message.
        layout: Of the samples.

    Raises:
        RecipeError: The samples are not images.
    """
    if len(layout.shape) != 3:
        raise RecipeError(f"networks {kind}: these make images, and the data are a table: use kind = 'dense_vae'")
    height, width, channels = layout.shape
    return height, width, channels
