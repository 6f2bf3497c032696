"""Atomic writes: a reader finds the old file or the new one, never a part."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

SUFFIX = ".part"
"""Of what is being written, beside the file. A process that is killed leaves it; the next one writes over it."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that takes the place of another one, or becomes the first, when it is whole.

    The file is on the disk when this returns, so what was trained survives a loss of power. A link stays, and the file
    that it leads to is replaced. A file that was there keeps its mode. A device or a pipe is written to directly.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be written; it stays as it was. The error names the file.
    """
    final = Path(os.path.realpath(path))
    if final.exists() and not final.is_file():
        with errors_naming(path, final), final.open("wb") as stream:
            yield stream
        return
    part = final.with_name(final.name + SUFFIX)
    try:
        with errors_naming(path, part), part.open("wb") as stream:
            with suppress(FileNotFoundError):
                shutil.copymode(final, part)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def errors_naming(path: Path, scratch: Path) -> Iterator[None]:
    """Makes errors of the system name what a user knows: those of a full disk name no file.

    Args:
        path: What is being written.
        scratch: The file or folder that takes its place meanwhile, whose name says nothing to a user.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(scratch):
            raise
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def write(path: Path, data: bytes) -> None:
    """Writes a file as `replacing` does.

    Raises:
        OSError: It cannot be written; it stays as it was.
    """
    with replacing(path) as stream:
        stream.write(data)
