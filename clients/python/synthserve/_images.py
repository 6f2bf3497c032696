"""Images: one by one, as files in a folder, as a grid."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthserve._exceptions import ProtocolError
from synthserve._extras import require
from synthserve._files import write_whole
from synthserve._job import ImageInfo, Job, Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import builtins
    import os

    import PIL.Image

    from synthserve._models import ImageSchema

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "application/octet-stream": ".raw"}

# Read by whoever asks a picture where it comes from: the IPTC digital source type of synthetic media.
_XMP = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF>'
)


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
        """A name that says what it is and sorts by index: `{model}-seed{seed}-{index}{suffix}`.

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
                return pil.frombytes(mode, (self.schema.width, self.schema.height), self.bytes)  # type: ignore[no-any-return]
            image = pil.open(io.BytesIO(self.bytes))
            image.load()
        except (OSError, ValueError) as error:
            raise ProtocolError(f"image {self.index} cannot be decoded: {error}") from error
        return image  # type: ignore[no-any-return]

    def _repr_png_(self) -> builtins.bytes | None:
        # Shown by notebooks.
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


class FolderSink(Sink[ImageInfo, pb.GenerateImagesResponse, list[Path]]):
    """Writes each image into a folder, whole or not at all.

    Raises:
        OSError: The folder cannot be made.
    """

    def __init__(self, job: Job[Any, Any, ImageInfo], folder: str | os.PathLike[str]) -> None:
        job.require_end("a folder of images")
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._paths: list[Path] = []

    def write(self, info: ImageInfo, response: pb.GenerateImagesResponse) -> None:
        """Takes the next message."""
        for image in images(info, response):
            path = self._folder / image.filename
            write_whole(path, image.bytes)
            self._paths.append(path)

    def finish(self) -> list[Path]:
        """Returns the paths, in the order of the indices."""
        return self._paths


class Grid:
    """Images side by side in one picture, row by row.

    Args:
        count: How many images there will be.
        columns: Images in a row.

    Raises:
        MissingDependency: Pillow is not installed.
        ValueError: `columns` is less than 1.
    """

    def __init__(self, count: int, columns: int) -> None:
        if columns < 1:
            raise ValueError("a grid has at least 1 column")
        self._pil = require("PIL.Image", extra="images", what="a grid")
        self._columns = min(columns, max(count, 1))
        self._rows = -(-count // self._columns)
        self._next = 0
        self.picture: PIL.Image.Image = self._pil.new("L", (0, 0))

    def add(self, image: Image) -> None:
        """Puts an image into the next place."""
        width, height = image.schema.width, image.schema.height
        if not self._next:
            mode = "L" if image.schema.channels == 1 else "RGB"
            self.picture = self._pil.new(mode, (self._columns * width, self._rows * height))
        row, column = divmod(self._next, self._columns)
        self.picture.paste(image.to_pil(), (column * width, row * height))
        self._next += 1


class GridSink(Sink[ImageInfo, pb.GenerateImagesResponse, "PIL.Image.Image"]):
    """Pastes the images into one."""

    def __init__(self, job: Job[Any, Any, ImageInfo], columns: int) -> None:
        job.require_end("a grid")
        self._grid = Grid(job.request.count, columns)

    def write(self, info: ImageInfo, response: pb.GenerateImagesResponse) -> None:
        """Takes the next message."""
        for image in images(info, response):
            self._grid.add(image)

    def finish(self) -> PIL.Image.Image:
        """Returns the grid."""
        return self._grid.picture


def grid_marks(picture_format: str, text: str) -> dict[str, Any]:
    """Returns what makes `PIL.Image.Image.save` write that a grid is synthetic, and how to make it again.

    Args:
        picture_format: Pillow's name of the format. PNG and JPEG can say it.
        text: How to make it again.
    """
    if picture_format == "JPEG":
        return {"xmp": _XMP.encode(), "comment": f"synthserve {text}"}
    if picture_format != "PNG":
        return {}
    marks = require("PIL.PngImagePlugin", extra="images", what="a grid").PngInfo()
    marks.add_text("synthserve", text)
    marks.add_itxt("XML:com.adobe.xmp", _XMP)
    return {"pnginfo": marks}
