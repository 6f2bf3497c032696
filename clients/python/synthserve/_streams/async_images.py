"""Streams of images, asyncio. `images` is its twin."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from synthserve._samples.images import Image, images
from synthserve._samples.kinds import ImageInfo
from synthserve._sinks.folders import FolderSink
from synthserve._sinks.grids import GridFileSink, GridSink
from synthserve._streams.async_stream import AsyncStream
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import PIL.Image

    from synthserve._schema import ImageSchema


class AsyncImageStream(AsyncStream[pb.GenerateImagesRequest, pb.GenerateImagesResponse, ImageInfo]):
    """Images of an image model, generated when they are asked for; see `AsyncClient.images`.

    `async for` gives each `Image`; `save`, `grid` and `save_grid` are those of `ImageStream`, to be awaited.
    """

    @property
    def schema(self) -> ImageSchema:
        """What the images look like; known after `start()` or the first message.

        Raises:
            SynthserveError: It is not known yet.
        """
        return self._known().schema

    async def __aiter__(self) -> AsyncGenerator[Image]:
        """Gives each image."""
        async with aclosing(self._responses()) as responses:
            async for info, response in responses:
                for image in images(info, response):
                    yield image

    async def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes each image into a folder and returns the paths; see `ImageStream.save`."""
        return await self._drain(FolderSink(self._job, folder))

    async def grid(self, columns: int = 8) -> PIL.Image.Image:
        """Pastes the images into one; see `ImageStream.grid`."""
        return await self._drain(GridSink(self._job, columns))

    async def save_grid(self, path: str | os.PathLike[str], columns: int = 8) -> Path:
        """Writes the images as one picture and returns its path; see `ImageStream.save_grid`."""
        return await self._drain(GridFileSink(self._job, path, columns))
