"""The prior: the noise is the latent. Right for GANs, and for VAEs whose posterior matches the prior."""

from dataclasses import dataclass

from keras import ops

from synthserve_training.components import OptionsBase
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.models.networks import Networks
from synthserve_training.models.samplers import Latents
from synthserve_training.types import Tensor


class Options(OptionsBase):
    """The prior has no options."""


@dataclass(frozen=True)
class Prior:
    """Hands the noise on."""

    noise_size: int
    condition: str | None = None
    privacy: str = ""

    def __call__(self, noise: Tensor, wanted: Tensor) -> Latents:
        """Returns the noise; there are no classes."""
        return Latents(noise, ops.zeros_like(wanted))


def check(_options: Options, _networks: Networks, _preprocessed: Preprocessed) -> None:
    """Fits all networks and data."""


def fit(_options: Options, networks: Networks, _preprocessed: Preprocessed, _seed: int) -> Prior:
    """Needs nothing but the latent's size."""
    return Prior(networks.latent_size)
