"""Images: uint8 pixels to [-1, 1] and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from keras import ops
from numpy.typing import NDArray
from pydantic import Field

from synthserve.v1.schema_pb2 import ImageSchema
from synthserve_core.contract.model import IMAGE, Key
from synthserve_training.components import OptionsBase
from synthserve_training.data.datasets import Images
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.types import Layout, Tensor


class Options(OptionsBase):
    """How images are varied in training."""

    horizontal_flips: bool = Field(default=False, description="Mirror every other image, picked at random")


@dataclass(frozen=True)
class ImageDecoder:
    """Decodes pixels in [-1, 1] to uint8."""

    schema: ImageSchema

    def decode(self, samples: Tensor) -> dict[Key, Tensor]:
        """Decodes [n, height, width, channels] to the image, uint8 of the same shape."""
        levels = ops.clip(ops.round((samples + 1.0) * 127.5), 0, 255)
        return {IMAGE: ops.cast(levels, "uint8")}


@dataclass(frozen=True)
class EncodedPixels:
    """Pixels that are encoded when they are asked for: as floats, all would need four times their memory.

    Attributes:
        pixels: uint8 [n, height, width, channels]; can be mapped from a file.
    """

    pixels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, chosen: Any) -> NDArray[np.float32]:  # noqa: ANN401 - what an array takes
        """Encodes some of the pictures, float32 in [-1, 1]."""
        levels: NDArray[np.float32] = self.pixels[chosen].astype(np.float32)
        return levels / 127.5 - 1.0


def fit(options: Options, data: pd.DataFrame | Images) -> Preprocessed:
    """Encodes the pixels as float32 in [-1, 1].

    Raises:
        RecipeError: The dataset is a table.
    """
    if not isinstance(data, Images):
        raise RecipeError("preprocessing image: the dataset is a table: use kind = 'table'")
    _, height, width, channels = data.pixels.shape
    return Preprocessed(
        samples=EncodedPixels(data.pixels),
        layout=Layout((height, width, channels)),
        classes={data.label: data.labels} if data.categories else {},
        categories={data.label: data.categories} if data.categories else {},
        decoder=ImageDecoder(ImageSchema(height=height, width=width, channels=channels)),
        data=data,
        augment=flip if options.horizontal_flips else None,
    )


def flip(batch: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Mirrors each image of [n, height, width, channels] left to right with probability one half."""
    mirrored = generator.random(len(batch)) < 0.5
    return np.where(mirrored[:, None, None, None], batch[:, :, ::-1], batch)
