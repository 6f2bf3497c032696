"""Encodes images and serialises the responses that carry them: what a worker does, or has another process do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.generation_pb2 import GenerateImagesResponse, ImageStreamInfo
from synthserve_server.encoding import images


@dataclass(frozen=True)
class ImageResponses:
    """Makes the serialised GenerateImagesResponse messages of a stream; another process can do so, too.

    Attributes:
        info: A serialised ImageStreamInfo, for the first response.
        file_format: How images are written.
        quality: Of JPEG, from 1 to 100.
        source: The mark of an image, up to its index.
        where: The mark from there on.
    """

    info: bytes
    file_format: images.Format
    quality: int
    source: str
    where: str

    def response(self, pixels: NDArray[np.uint8], first_index: int, *, begins: bool) -> bytes:
        """A serialised response.

        Args:
            pixels: `[images, height, width, channels]`.
            first_index: The index of the first image.
            begins: Whether it is the stream's first.
        """
        marks = [f"{self.source}{index}{self.where}" for index in range(first_index, first_index + len(pixels))]
        response = GenerateImagesResponse(
            info=ImageStreamInfo.FromString(self.info) if begins else None,
            first_index=first_index,
            images=images.encode(pixels, self.file_format, self.quality, marks),
        )
        return response.SerializeToString()
