"""Keeps the pictures of a recipe, read and sized, for the next training, export or evaluation."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from synthserve_training.data.pictures.collecting import PictureSet, collect
from synthserve_training.data.pictures.options import PictureOptions
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import Source
from synthserve_training.types import Progress, no_progress
from synthserve_training.whole_files import errors_naming

_FORMAT = 1
"""Changes where the same options give other pixels or another file."""

_PIXELS, _CODES, _FACTS = "pixels.u8", "codes.npy", "set.json"


def load(source: Source, options: PictureOptions, cache: Path, progress: Progress = no_progress) -> PictureSet:
    """Reads the pictures of a source, or finds what an earlier call has made of the same.

    The cache has one entry for each address and each way to read it, readable for its user only. Pictures that have
    changed meanwhile replace it.

    Args:
        source: The pictures.
        options: What is made of each.
        cache: The folder of all entries.
        progress: Is told how many pictures are done.

    Raises:
        DatasetError: See `collect`.
        OSError: The cache cannot be written.
    """
    place = str(Path(source.address).expanduser().resolve())
    key = hashlib.sha256(f"{place}\0{options.model_dump_json(exclude={'path', 'label'})}".encode()).hexdigest()
    entry = cache / key[:24]
    if (found := _read(entry, source.fingerprint)) is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".") as scratch, errors_naming(cache, Path(scratch)):
        made = Path(scratch) / "entry"
        made.mkdir(mode=0o700)
        pictures = collect(source, options, made / _PIXELS, progress)
        np.save(made / _CODES, pictures.codes)
        facts = {
            "format": _FORMAT,
            "fingerprint": source.fingerprint,
            "shape": pictures.pixels.shape,
            "classes": pictures.classes,
            "problems": pictures.problems.as_json(),
        }
        (made / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
        _put(made, entry, Path(scratch) / "before")
    return pictures


def _put(made: Path, entry: Path, before: Path) -> None:
    """Puts an entry in place of an earlier one, which other processes may have mapped into memory."""
    if entry.exists():
        os.rename(entry, before)  # noqa: PTH104 - another process may do the same: see below
    try:
        made.rename(entry)
    except OSError:  # another process was faster
        if not entry.exists():
            raise


def _read(entry: Path, fingerprint: str) -> PictureSet | None:
    try:
        facts = json.loads((entry / _FACTS).read_bytes())
        if facts["format"] != _FORMAT or facts["fingerprint"] != fingerprint:
            return None
        codes = np.load(entry / _CODES, allow_pickle=False)
        pixels = np.memmap(entry / _PIXELS, np.uint8, "r", shape=tuple(facts["shape"]))
        return PictureSet(pixels, codes, tuple(facts["classes"]), Problems.of_json(facts["problems"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is only a cache: the pictures are read again
