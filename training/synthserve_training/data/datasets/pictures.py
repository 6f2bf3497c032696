"""Pictures of the user: a folder, an archive or a file, as `synthserve-train fit` reads them."""

from synthserve_training import console
from synthserve_training.data.datasets import Images
from synthserve_training.data.files import Files
from synthserve_training.data.pictures import cache
from synthserve_training.data.pictures.options import PictureOptions
from synthserve_training.data.pictures.sources.opening import open_source


class Options(PictureOptions):
    """Where the pictures are, and what is made of each."""


def load(options: Options, files: Files) -> Images:
    """Reads the pictures; the pixels are mapped from a file in the cache.

    Raises:
        DatasetError: The source cannot be read, too few pictures can be used, or all are equal.
        OSError: The cache cannot be written.
    """
    source = open_source(options.path, options.labels)
    found = cache.load(source, options, files.cache_dir / "pictures")
    if left_out := found.problems.left_out:
        files_are = "1 file is" if left_out == 1 else f"{left_out:,} files are"
        console.note(f"{options.path}: {files_are} left out; `synthserve-train inspect` says why")
    return Images(found.pixels, found.codes, options.label, found.classes)


def held_out(_options: Options) -> Options | None:
    """None: all pictures are loaded."""
    return None
