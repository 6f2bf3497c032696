"""The responses to a request for images: a worker makes them, or has another process do so."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthserve.v1.generation_pb2 import GenerateImagesResponse, ImageStreamInfo
from synthserve_core.contract.model import IMAGE, Arrays
from synthserve_core.encoding import images
from synthserve_server.scheduling.encoding_processes import EncodingProcesses
from synthserve_server.services.generation.requests import ImagesRequest

_FEW_IMAGES = 8
"""So many are encoded in less time than the way to another process and back takes."""


@dataclass(frozen=True)
class ImageEncoder:
    """Makes serialised GenerateImagesResponse messages. Can be sent to another process.

    Attributes:
        start: The index of the first image of the stream.
        info: A serialised ImageStreamInfo, for the response with that image.
        file_format: How images are written.
        quality: Of JPEG, from 1 to 100.
        before: The provenance of an image, up to its index.
        after: The provenance from there on.
    """

    start: int
    info: bytes
    file_format: images.Format
    quality: int
    before: str
    after: str

    def response(self, pixels: NDArray[np.uint8], first_index: int) -> bytes:
        """A serialised response.

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


@dataclass(frozen=True)
class ImageResponses:
    """Makes the serialised GenerateImagesResponse messages of a stream. Safe to use from several threads.

    Attributes:
        encoder: Makes them.
        processes: Make those of more than a few images; None: this process makes all.
        before: Nothing: an image has a small schema.
    """

    encoder: ImageEncoder
    processes: EncodingProcesses | None
    before: tuple[bytes, ...] = field(default=(), init=False)

    def response(self, arrays: Arrays, first_index: int) -> bytes:
        """A serialised response.

        Args:
            arrays: The images by key.
            first_index: The index of the first one.
        """
        pixels: NDArray[np.uint8] = arrays[IMAGE]
        if self.processes and len(pixels) > _FEW_IMAGES:
            return self.processes.do(self.encoder.response, pixels, first_index)
        return self.encoder.response(pixels, first_index)


def image_responses(request: ImagesRequest, processes: EncodingProcesses | None) -> ImageResponses:
    """The responses to a request.

    Args:
        request: The request.
        processes: Encode images; None: this process does.
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
    # Bare pixels are less work to copy than to send.
    return ImageResponses(encoder, None if request.file_format is images.Format.RAW else processes)
