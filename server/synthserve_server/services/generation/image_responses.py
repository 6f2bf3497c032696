"""The responses to a request for images, made by a worker or by an encoding process."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.generation_pb2 import ImageStreamInfo
from synthserve_core.contract.model import IMAGE, Arrays
from synthserve_core.encoding import images
from synthserve_server.scheduling.encoding_processes import EncodingProcesses
from synthserve_server.services.generation.image_encoder import ImageEncoder
from synthserve_server.services.generation.requests import ImagesRequest

_FEW_IMAGES = 8
"""Encoding at most so many takes less time than sending them to another process."""


@dataclass(frozen=True)
class ImageResponses:
    """Makes the serialised GenerateImagesResponse messages of a stream. Safe to use from several threads.

    Attributes:
        encoder: Makes the messages.
        processes: Make messages of more than a few images; None: this process makes all.
        before: Always empty: the schema of an image is small.
    """

    encoder: ImageEncoder
    processes: EncodingProcesses | None
    before: tuple[bytes, ...] = field(default=(), init=False)

    def response(self, arrays: Arrays, first_index: int) -> bytes:
        """Makes a serialised response.

        Args:
            arrays: The images by key.
            first_index: The index of the first image.
        """
        pixels: NDArray[np.uint8] = arrays[IMAGE]
        if self.processes and len(pixels) > _FEW_IMAGES:
            return self.processes.do(self.encoder.response, pixels, first_index)
        return self.encoder.response(pixels, first_index)


def image_responses(request: ImagesRequest, processes: EncodingProcesses | None) -> ImageResponses:
    """Prepares the responses to a request.

    Args:
        request: The request.
        processes: Encode the images; None: this process encodes them.
    """
    spec = request.spec
    before, after = spec.image_source()
    info = ImageStreamInfo(
        model=spec.model.name,
        seed=spec.seed,
        schema=request.package.manifest.image,
        media_type=request.file_format.value,
    )
    encoder = ImageEncoder(
        spec.start, info.SerializeToString(), request.file_format, request.jpeg_quality, before, after
    )
    # Copying bare pixels is cheaper than sending them to a process.
    return ImageResponses(encoder, None if request.file_format is images.Format.RAW else processes)
