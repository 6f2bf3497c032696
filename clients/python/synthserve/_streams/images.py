"""Streams of images, sync. `async_images` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthserve._samples.images import Image, images
from synthserve._samples.kinds import ImageInfo
from synthserve._sinks.folders import FolderSink
from synthserve._sinks.grids import GridFileSink, GridSink
from synthserve._streams.stream import Stream
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    import PIL.Image

    from synthserve._schema import ImageSchema


class ImageStream(Stream[pb.GenerateImagesRequest, pb.GenerateImagesResponse, ImageInfo]):
    """Images of an image model, generated when they are asked for; see `Client.images`.

    A loop over it gives each `Image`, in bounded memory. Each use generates the images anew, and they are the same
    every time. All methods resume by themselves where a connection broke, and raise `SynthserveError` when that does
    not help.

    Example:
        >>> import synthserve
        >>> with synthserve.Client("localhost:50051") as client:
        ...     [image.index for image in client.images("mnist-dcgan", count=3, seed=7, offset=10)]
        [10, 11, 12]
    """

    @property
    def schema(self) -> ImageSchema:
        """What the images look like. Asks the server if nothing has come yet.

        Raises:
            SynthserveError: The server cannot be asked, or refuses the request.
        """
        return self._settled().schema

    def __iter__(self) -> Iterator[Image]:
        """Gives each image."""
        for info, response in self._responses():
            yield from images(info, response)

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes each image into a folder, under its `Image.filename`.

        The names sort by index. An image that is there under the same name is replaced: use one folder for each set
        of conditions.

        Args:
            folder: Where to; made if it is not there.

        Returns:
            The paths, in the order of the indices.

        Raises:
            InvalidRequest: `count` was not given.
            OSError: A file cannot be written.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     paths = client.images("mnist-dcgan", count=64, seed=7).save("digits/")
            >>> len(paths), paths[-1].name
            (64, 'mnist-dcgan-seed7-000000000063.png')
        """
        return self._drain(FolderSink(self._job, folder))

    def grid(self, columns: int = 8) -> PIL.Image.Image:
        """Pastes the images into one, row by row, to look at it; `save_grid` writes a file.

        Args:
            columns: Images in a row, at least 1.

        Returns:
            The grid: as many pixels wide and high as the images side by side; what is left of the last row is black.
            Its own `save()` writes the same provenance as `save_grid`, where Pillow has a place for it (before a
            `pnginfo`, `xmp` or `comment` that it is given); what is made of it by cropping or resizing has none.

        Raises:
            InvalidRequest: `count` was not given, or the grid would be larger than what Pillow opens.
            MissingDependency: Pillow is not installed.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     client.images("mnist-dcgan", count=16, seed=7).grid(columns=8).size
            (224, 56)
        """
        return self._drain(GridSink(self._job, columns))

    def save_grid(self, path: str | os.PathLike[str], columns: int = 8) -> Path:
        """Writes the images as one picture, row by row.

        The file says that it is synthetic (as XMP, the IPTC digital source type) and how to make it again:
        `mnist-dcgan/1?seed=7&offset=0&count=64`, as PNG text `synthserve` or JPEG comment.

        Args:
            path: A `.png`, `.jpg` or `.jpeg`, which appears when the picture is whole.
            columns: Images in a row, at least 1.

        Returns:
            The path.

        Raises:
            InvalidRequest: `count` was not given or is 0, the suffix is another, or the grid would be too large.
            MissingDependency: Pillow is not installed.
            OSError: The file cannot be written.

        Example:
            >>> import synthserve
            >>> with synthserve.Client("localhost:50051") as client:
            ...     client.images("mnist-dcgan", count=64, seed=7).save_grid("digits.png").name
            'digits.png'
        """
        return self._drain(GridFileSink(self._job, path, columns))
