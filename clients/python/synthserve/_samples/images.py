"""Images, one by one."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from synthserve._exceptions import ProtocolError
from synthserve._extras import require

if TYPE_CHECKING:
    import builtins

    import PIL.Image

    from synthserve._samples.kinds import ImageInfo
    from synthserve._schema import ImageSchema
    from synthserve.v1 import generation_pb2 as pb

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "application/octet-stream": ".raw"}


@dataclass(frozen=True, slots=True)
class Image:
    """One generated image.

    Attributes:
        index: Its index: with model version, seed and conditions it names the image for ever.
        bytes: The image, encoded as `media_type` says.
        media_type: `image/png`, `image/jpeg`, or `application/octet-stream` for the bare pixels (rows from the top,
            channels last).
        model: The model version that generated it, for example `mnist-dcgan@1`.
        seed: The seed that it was generated from.
        schema: Height and width in pixels, and channels.

    Example:
        >>> import synthserve
        >>> with synthserve.Client("localhost:50051") as client:
        ...     for image in client.images("mnist-dcgan", count=2, seed=7):
        ...         print(image.filename, image.to_pil().size)
        mnist-dcgan-seed7-000000000000.png (28, 28)
        mnist-dcgan-seed7-000000000001.png (28, 28)
    """

    index: int
    bytes: builtins.bytes = field(repr=False)
    media_type: str
    model: str
    seed: int
    schema: ImageSchema

    @property
    def filename(self) -> str:
        """A file name that sorts by index: `{model}-seed{seed}-{index}{suffix}`.

        The index has twelve digits, and more only from 10^12 on.
        """
        name = self.model.partition("@")[0]
        return f"{name}-seed{self.seed}-{self.index:012d}{_SUFFIXES.get(self.media_type, '.bin')}"

    def to_pil(self) -> PIL.Image.Image:
        """Decodes it into a Pillow image, of mode `L` (grey) or `RGB`.

        Raises:
            MissingDependency: Pillow is not installed.
            ProtocolError: It is not an image of the media type.
        """
        pil = require("PIL.Image", extra="images", what="decoding an image")
        try:
            if self.media_type == "application/octet-stream":
                mode = "L" if self.schema.channels == 1 else "RGB"
                return pil.frombytes(mode, (self.schema.width, self.schema.height), self.bytes)  # type: ignore[no-any-return]  # an optional dependency, untyped here
            image = pil.open(io.BytesIO(self.bytes))
            image.load()
        except (OSError, ValueError) as error:
            raise ProtocolError(f"image {self.index} cannot be decoded: {error}") from error
        return image  # type: ignore[no-any-return]  # an optional dependency, untyped here

    def _repr_png_(self) -> builtins.bytes | None:
        # Notebooks call this to show the image.
        if self.media_type == "image/png":
            return self.bytes
        buffer = io.BytesIO()
        self.to_pil().save(buffer, "PNG")
        return buffer.getvalue()


def images(info: ImageInfo, response: pb.GenerateImagesResponse) -> list[Image]:
    """Reads the images of one response, in order."""
    return [
        Image(index, data, info.media_type, str(info.model), info.seed, info.schema)
        for index, data in enumerate(response.images, start=response.first_index)
    ]
