"""A model of latents: a sampler, a generator, heads and a decoder, one behind the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve.v1.manifest_pb2 import NOISE_DISTRIBUTION_NORMAL, ConditionInput, GraphInput, NoiseInput
from synthserve.v1.schema_pb2 import CONDITION_KIND_CODE, ConditionSpec, ImageSchema, TableSchema
from synthserve_core.contract.model import UNSET_CODE, Key
from synthserve_training.components import Part
from synthserve_training.data.preprocessing import Decoder, Preprocessed
from synthserve_training.models.classes import unset
from synthserve_training.models.heads import Head, HeadKind, Unfinished
from synthserve_training.models.networks import Networks
from synthserve_training.models.samplers import Sampler, SamplerKind
from synthserve_training.types import Tensor

NOISE = "noise"
"""The name of the input with noise."""

_MEASURED = 8192
"""How many encoded samples of each class a head is fitted to."""


def condition_input(column: str) -> str:
    """The name of the input with the condition on a column."""
    return f"condition:{column}"


@dataclass(frozen=True)
class LatentModel:
    """The `Generative` model of a sampler and a generator, such as the decoder of a VAE or the generator of a GAN.

    Attributes:
        sampler: Noise to latents.
        generator: Latents to encoded samples.
        decoder: Encoded samples to finished values.
        categories: The values of the sampler's condition.
        heads: What changes encoded samples before they are decoded, in this order.
    """

    sampler: Sampler
    generator: keras.Model
    decoder: Decoder
    categories: tuple[str, ...] = ()
    heads: tuple[Head, ...] = ()

    @property
    def schema(self) -> TableSchema | ImageSchema:
        """What it generates."""
        return self.decoder.schema

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        """A CODE for the column whose classes the sampler knows, if it knows any."""
        column = self.sampler.condition
        if column is None:
            return ()
        return (ConditionSpec(column=column, kind=CONDITION_KIND_CODE, categories=self.categories),)

    @property
    def noise_size(self) -> int:
        """Standard normal values that one sample needs: first the sampler's, then those of each head."""
        return self.sampler.noise_size + sum(head.noise_size for head in self.heads)

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """Standard normal noise, and the condition if there is one."""
        noise = NoiseInput(distribution=NOISE_DISTRIBUTION_NORMAL, shape=[self.noise_size])
        taken = (
            GraphInput(name=condition_input(spec.column), condition=ConditionInput(column=spec.column))
            for spec in self.conditions
        )
        return (GraphInput(name=NOISE, noise=noise), *taken)

    @property
    def privacy(self) -> tuple[str, ...]:
        """What the sampler carries of the training data."""
        return (self.sampler.privacy,) if self.sampler.privacy else ()

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[Key, Tensor]:
        """Generates; see `Generative`.

        The column that is the condition gets the class that the latent was drawn from: the class that was asked for, if
        one was. So the rows of a class are the same whether it was asked for or not.
        """
        noise, column = inputs[NOISE], self.sampler.condition
        wanted = unset(noise) if column is None else inputs[condition_input(column)]
        samples, code = self.encoded(noise, wanted)
        values = self.decoder.decode(samples)
        if column in values:  # images have no columns
            values[column] = ops.cast(code, values[column].dtype)
        return values

    def encoded(self, noise: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Generates encoded samples.

        Args:
            noise: float32 [n, noise_size], standard normal.
            wanted: Integers [n]: the class, or -1 where none is asked for.

        Returns:
            The samples [n, *shape], and the class that each was drawn from, integers [n].
        """
        position = self.sampler.noise_size
        drawn = self.sampler(noise[:, :position], wanted)
        samples = self.generator(drawn.latents, training=False)
        for head in self.heads:
            samples = head(samples, noise[:, position : position + head.noise_size], drawn.code)
            position += head.noise_size
        return samples, drawn.code


def fit(
    sampler: Part[SamplerKind],
    heads: Sequence[Part[HeadKind]],
    networks: Networks,
    preprocessed: Preprocessed,
    seed: int,
) -> LatentModel:
    """Fits a sampler and heads to trained networks.

    Args:
        sampler: Which sampler.
        heads: Which heads, in this order.
        networks: The networks as they are now, computing in float32.
        preprocessed: The training data.
        seed: Of random starts, and of the noise that heads are fitted with.

    Raises:
        RecipeError: The sampler or a head does not fit the networks or the data.
    """
    fitted = sampler.module.fit(sampler.options, networks, preprocessed, seed)
    column = fitted.condition
    categories = () if column is None else preprocessed.categories[column]
    model = LatentModel(fitted, networks.generator, preprocessed.decoder, categories)
    for head in heads:
        unfinished = Unfinished(networks, preprocessed, column, _encoded_by(model, seed))
        model = replace(model, heads=(*model.heads, head.module.fit(head.options, unfinished)))
    return model


def _encoded_by(model: LatentModel, seed: int) -> Callable[[int | None], NDArray[np.float32]]:
    """Draws encoded samples of a class, or of all where it is None; always with the same noise."""

    def draw(code: int | None) -> NDArray[np.float32]:
        noise = np.random.default_rng(seed).standard_normal((_MEASURED, model.noise_size), np.float32)
        wanted = np.full(_MEASURED, UNSET_CODE if code is None else code, np.int64)
        return np.asarray(model.encoded(noise, wanted)[0])

    return draw
