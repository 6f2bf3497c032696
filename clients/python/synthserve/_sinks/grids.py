"""Grids: many images in one picture, with its provenance in the metadata."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from synthserve import _condition_text
from synthserve._checks import invalid
from synthserve._extras import require
from synthserve._output.destinations import Destination, write_whole
from synthserve._samples.images import Image, images
from synthserve._samples.kinds import ImageInfo
from synthserve._sinks.provenance import picture_source
from synthserve._sinks.sink import Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    import PIL.Image

    from synthserve._samples.job import Job

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
"""The formats that the server writes too: the metadata of each can hold the provenance of a picture."""

_LONGEST_SIDES = {"PNG": 2**31 - 1, "JPEG": 65_500}
_MOST_PIXELS = 1024**3 // 12
"""What Pillow opens without a warning; more would also take more memory than a picture is worth."""

_KEY = "synthserve"

# The IPTC digital source type of synthetic media, which tools read to find the origin of a picture.
_XMP = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    ' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF>'
)


class Grid:
    """Images side by side in one picture, row by row.

    Args:
        count: How many images there will be.
        columns: Images in a row.
        where: The conditions for the provenance, column to the text of its test.
        picture_format: Pillow's name of the format that the picture is for. None: it is for the screen.

    Raises:
        InvalidRequest: `columns` is less than 1, or the picture would be too large.
        MissingDependency: Pillow is not installed.
    """

    def __init__(
        self, count: int, columns: int, where: Mapping[str, str], *, picture_format: str | None = None
    ) -> None:
        if columns < 1:
            raise invalid("columns", "must be at least 1")
        self._pil = require("PIL.Image", extra="images", what="a grid")
        self._count = count
        self._columns = min(columns, max(count, 1))
        self._rows = -(-count // self._columns)
        self._where = where
        self._format = picture_format
        self._next = 0
        self._source = ""
        self._picture: PIL.Image.Image = self._pil.new("L", (0, 0))
        # The size of an image is not known yet, but is at least one pixel.
        self._check_size(1, 1)

    def add(self, image: Image) -> None:
        """Puts an image into the next place.

        Raises:
            InvalidRequest: It is the first, and the picture of all would be too large.
        """
        width, height = image.schema.width, image.schema.height
        if not self._next:
            self._check_size(width, height)
            mode = "L" if image.schema.channels == 1 else "RGB"
            self._picture = self._pil.new(mode, (self._columns * width, self._rows * height))
            self._source = picture_source(image, self._count, self._where)
        row, column = divmod(self._next, self._columns)
        self._picture.paste(image.to_pil(), (column * width, row * height))
        self._next += 1

    def picture(self) -> PIL.Image.Image:
        """Returns the picture. `save()` keeps its provenance if it is unchanged; for copies see `save_picture`."""
        if self._source:
            self._picture.info[_KEY] = self._source
            self._picture.encoderinfo = _provenance(self._source)
        return self._picture

    def _check_size(self, width: int, height: int) -> None:
        size = (self._columns * width, self._rows * height)
        if size[0] * size[1] > _MOST_PIXELS:
            raise invalid("count", f"{self._count} images do not fit into a grid of at most {_MOST_PIXELS} pixels")
        if self._format is not None and max(size) > _LONGEST_SIDES[self._format]:
            most = _LONGEST_SIDES[self._format]
            raise invalid("columns", f"a {self._format} is at most {most} pixels wide and high, not {max(size)}")


class GridFile:
    """A grid that is written to a file. Arguments are checked before the first image arrives.

    Used as a context manager it leaves nothing behind unless `finish()` was called.

    Args:
        path: The file; its suffix selects the format.
        count: How many images there will be.
        columns: Images in a row.
        where: The conditions for the provenance, column to the text of its test.

    Raises:
        InvalidRequest: There is no such grid, or it cannot be written in the format.
        MissingDependency: Pillow is not installed.
        OSError: The file cannot be created.
    """

    def __init__(self, path: str | os.PathLike[str], count: int, columns: int, where: Mapping[str, str]) -> None:
        self._path = Path(path)
        self._format = _format_of(self._path)
        if count < 1:
            raise invalid("count", f"must be at least 1 for a grid, not {count}")
        self._grid = Grid(count, columns, where, picture_format=self._format)
        self._destination = Destination(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def add(self, image: Image) -> None:
        """Puts an image into the next place; see `Grid.add`."""
        self._grid.add(image)

    def finish(self) -> Path:
        """Makes the file appear; returns its path."""
        self._destination.write(_encoded(self._grid.picture(), self._format))
        self._destination.commit()
        return self._path

    def abort(self) -> None:
        """Removes the file, if it is not finished."""
        self._destination.discard()


class GridSink(Sink[ImageInfo, pb.GenerateImagesResponse, "PIL.Image.Image"]):
    """Pastes the images into one."""

    def __init__(self, job: Job[Any, Any, ImageInfo], columns: int) -> None:
        job.require_end("a grid")
        self._grid = Grid(job.request.count, columns, _condition_text.texts(job.request.conditions))

    def write(self, info: ImageInfo, response: pb.GenerateImagesResponse) -> None:
        """Takes the next message."""
        for image in images(info, response):
            self._grid.add(image)

    def finish(self) -> PIL.Image.Image:
        """Returns the grid."""
        return self._grid.picture()


class GridFileSink(Sink[ImageInfo, pb.GenerateImagesResponse, Path]):
    """Pastes the images into one and writes it."""

    def __init__(self, job: Job[Any, Any, ImageInfo], path: str | os.PathLike[str], columns: int) -> None:
        job.require_end("a grid")
        self._file = GridFile(path, job.request.count, columns, _condition_text.texts(job.request.conditions))

    def write(self, info: ImageInfo, response: pb.GenerateImagesResponse) -> None:
        """Takes the next message."""
        for image in images(info, response):
            self._file.add(image)

    def finish(self) -> Path:
        """Makes the file appear; returns its path."""
        return self._file.finish()

    def abort(self) -> None:
        """Removes the file."""
        self._file.abort()


def save_picture(picture: PIL.Image.Image, path: str | os.PathLike[str]) -> None:
    """Writes a grid, or a resized or cropped copy of one, with its provenance.

    Raises:
        InvalidRequest: The suffix is not that of a format that can hold the provenance.
        OSError: The file cannot be written.
    """
    write_whole(Path(path), _encoded(picture, _format_of(Path(path))))


def _format_of(path: Path) -> str:
    if path.suffix.lower() not in _FORMATS:
        raise invalid("grid", f"the suffix must be one of {', '.join(_FORMATS)}, not {path.suffix!r}")
    return _FORMATS[path.suffix.lower()]


def _encoded(picture: PIL.Image.Image, picture_format: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, picture_format, **_provenance(str(picture.info[_KEY])))
    return buffer.getvalue()


def _provenance(source: str) -> dict[str, Any]:
    """Returns Pillow's options that write the provenance. Each format uses those that it knows."""
    png = require("PIL.PngImagePlugin", extra="images", what="a grid").PngInfo()
    png.add_text(_KEY, source)
    png.add_itxt("XML:com.adobe.xmp", _XMP)
    return {"pnginfo": png, "xmp": _XMP.encode(), "comment": f"{_KEY} {source}"}
