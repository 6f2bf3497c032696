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
        OSError: It cannot be written; it stays as it was.
    """
    final = Path(os.path.realpath(path))
    if final.exists() and not final.is_file():
        with final.open("wb") as stream:
            yield stream
        return
    part = final.with_name(final.name + SUFFIX)
    try:
        with part.open("wb") as stream:
            with suppress(FileNotFoundError):
                shutil.copymode(final, part)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write(path: Path, data: bytes) -> None:
    """Writes a file as `replacing` does.

    Raises:
        OSError: It cannot be written; it stays as it was.
    """
    with replacing(path) as stream:
        stream.write(data)
