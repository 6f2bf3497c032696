"""Makes responses of pixels, in this process or in an encoding process.

An encoding process imports this module: it must need nothing that takes long to import or handles signals, as Polars
does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.generation_pb2 import GenerateImagesResponse, ImageStreamInfo
from synthserve_core.encoding import images


@dataclass(frozen=True)
class ImageEncoder:
    """Makes serialised GenerateImagesResponse messages. Can be sent to another process.

    Attributes:
        start: The index of the first image of the stream.
        info: A serialised ImageStreamInfo for the first response.
        file_format: The file format of the images.
        quality: The JPEG quality, from 1 to 100.
        before: The provenance of an image before its index.
        after: The provenance of an image after its index.
    """

    start: int
    info: bytes
    file_format: images.Format
    quality: int
    before: str
    after: str

    def response(self, pixels: NDArray[np.uint8], first_index: int) -> bytes:
        """Makes a serialised response.

        Args:
            pixels: `[images, height, width, channels]`.
            first_index: The index of the first image.
        """
        marks = [f"{self.before}{index}{self.after}" for index in range(first_index, first_index + len(pixels))]
        response = GenerateImagesResponse(
            info=ImageStreamInfo.FromString(self.info) if first_index == self.start else None,
            first_index=first_index,
            images=images.encode(pixels, self.file_format, self.quality, marks),
        )
        return response.SerializeToString()
