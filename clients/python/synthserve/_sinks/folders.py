"""Images as files in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthserve._output.destinations import write_whole
from synthserve._samples.images import images
from synthserve._samples.kinds import ImageInfo
from synthserve._sinks.sink import Sink
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    import os

    from synthserve._samples.job import Job


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
