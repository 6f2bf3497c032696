"""The prior: the noise is the latent. Right for GANs, and for VAEs whose posterior matches the prior."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthserve_training.components import OptionsBase
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.samplers import Draw


class Options(OptionsBase):
    """The prior has no options."""


@dataclass(frozen=True)
class Prior:
    """Hands the noise on."""

    noise_size: int
    conditions: tuple[str, ...] = ()
    privacy: str = ""

    def __call__(self, noise: Tensor, _conditions: Mapping[str, Tensor]) -> Draw:
        """Returns the noise; it is of no class."""
        return Draw(noise, {})


def check(_options: Options, _networks: Networks, _preprocessed: Preprocessed) -> None:
    """Fits all networks and data."""


def fit(_options: Options, networks: Networks, _preprocessed: Preprocessed, _seed: int) -> Prior:
    """Needs nothing but the latent's size."""
    return Prior(networks.latent_size)
