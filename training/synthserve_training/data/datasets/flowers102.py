"""Oxford 102 Flowers (Nilsback and Zisserman 2008): 8,189 photographs of 102 kinds of flowers, here 64x64 in colour."""

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy.io import loadmat

from synthserve_training.components import OptionsBase
from synthserve_training.data.datasets import Images
from synthserve_training.data.files import Files, RemoteFile
from synthserve_training.errors import DatasetError

SIDE = 64
COUNT = 8189

_SOURCE = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"


def _file(name: str, sha256: str, *sources: str) -> RemoteFile:
    return RemoteFile(f"flowers102/{name}", sha256, tuple(source + name for source in sources))


# All images at 64x64: the centre of the short side, downsampled, JPEG. Somebody's preparation, not an official file, so
# it is used where the user has it and never downloaded.
_SMALL = _file("oxford_flowers102_64.zip", "1529b795acd8c35036778b3a66f76cdec0a82d5e4bc58973cb538ca9b8ca01ab")
_ORIGINALS = _file("102flowers.tgz", "2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246", _SOURCE)
_LABELS = _file("imagelabels.mat", "4903e94206bac23bf772aadf06451916df56b58fc483a62db32a97b82656651d", _SOURCE)
_SPLITS = _file("setid.mat", "46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd", _SOURCE)

_SPLIT_FIELDS = {"train": "trnid", "val": "valid", "test": "tstid"}


class Options(OptionsBase):
    """Which images. The official splits are 1,020, 1,020 and 6,149; generators are usually trained on all."""

    split: Literal["all", "train", "val", "test"] = "all"


def load(options: Options, files: Files) -> Images:
    """Loads the images at 64x64.

    They come from the prepared archive where it lies in the data folder, and are else made of the originals. The two
    differ by the method of downsampling and by the archive's mild JPEG artefacts.

    Returns:
        Images of shape [n, 64, 64, 3] and their labels, 0 to 101, in the order of the originals' numbers.

    Raises:
        DatasetError: A file is corrupt, or could not be downloaded.
    """
    labels = loadmat(files.fetch(_LABELS))["labels"].ravel().astype(np.int64) - 1
    pixels = _pixels(files)
    if options.split == "all":
        return Images(pixels, labels, label="species")
    chosen = loadmat(files.fetch(_SPLITS))[_SPLIT_FIELDS[options.split]].ravel().astype(np.int64) - 1
    return Images(pixels[chosen], labels[chosen], label="species")


def held_out(options: Options) -> Options | None:
    """The images that these options do not load, if there are any."""
    return None if options.split in ("all", "test") else Options(split="test")


def _pixels(files: Files) -> NDArray[np.uint8]:
    """The images, decoded once and kept in the cache."""
    small = files.find(_SMALL)
    source = _SMALL if small else _ORIGINALS
    cache = files.cache_dir / "flowers102" / f"pixels-{SIDE}-{source.sha256[:12]}.npy"
    if (cached := _read_cache(cache)) is not None:
        return cached
    if small:
        pixels = decode(_unzip(small), small)
    else:
        originals = files.fetch(_ORIGINALS)
        pixels = decode(_untar(originals), originals)
    _write_cache(cache, pixels)
    return pixels


def decode(members: Iterable[tuple[str, bytes]], archive: Path, count: int = COUNT) -> NDArray[np.uint8]:
    """Decodes JPEG files, and crops and downsamples those that are larger than 64x64.

    Args:
        members: Names `…/image_NNNNN.jpg`, NNNNN from 1, and the files' bytes, in any order.
        archive: Where they come from, for messages.
        count: How many there must be.

    Returns:
        uint8 [count, 64, 64, 3].

    Raises:
        DatasetError: An image is missing, twice there, or not an image.
    """
    pixels = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    seen = np.zeros(count, np.bool_)
    for name, content in members:
        number = Path(name).stem.removeprefix("image_")
        if not number.isdecimal() or not 1 <= int(number) <= count or seen[int(number) - 1]:
            raise DatasetError(f"{archive} holds {name}, which is not one of its {count:,} images")
        try:
            picture = Image.open(io.BytesIO(content)).convert("RGB")
        except (UnidentifiedImageError, OSError) as error:
            raise DatasetError(f"{name} in {archive} is not a whole image: {error}") from None
        if picture.size != (SIDE, SIDE):
            picture = ImageOps.fit(picture, (SIDE, SIDE), Image.Resampling.LANCZOS)
        pixels[int(number) - 1] = np.asarray(picture)
        seen[int(number) - 1] = True
    if not seen.all():
        raise DatasetError(f"{archive} holds {seen.sum():,} of {count:,} images")
    return pixels


def _unzip(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".jpg"):
                    yield name, archive.read(name)
    except zipfile.BadZipFile as error:
        raise DatasetError(f"{path} is not a whole zip file: {error}") from None


def _untar(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.name.endswith(".jpg") else None
                if content:
                    yield member.name, content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DatasetError(f"{path} is not a whole tar.gz file: {error}") from None


def _read_cache(path: Path) -> NDArray[np.uint8] | None:
    try:
        pixels: NDArray[np.uint8] = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):
        return None
    return pixels if pixels.shape == (COUNT, SIDE, SIDE, 3) and pixels.dtype == np.uint8 else None


def _write_cache(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # By another name than another process takes at the same time.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        part = Path(folder) / path.name
        np.save(part, pixels)
        part.replace(path)
