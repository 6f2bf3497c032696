"""Scans the folder of a repository for packages, `{model}/{version}/`, and for changes of their files."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from synthserve_core.contract.names import MODEL_ID, VERSION

Versions: TypeAlias = Mapping[int, Path]
"""The folders of a model's versions."""

Stamps: TypeAlias = tuple[tuple[str, int, int, int, int], ...]
"""Reveals changes of files. For each file of a folder: name, mtime and ctime in ns, size, inode."""


@dataclass(frozen=True)
class Found:
    """The contents of a repository.

    Attributes:
        models: For each model the folders of its versions, or the error of reading its folder.
        skipped: Folders whose names are not those of models or versions.
    """

    models: Mapping[str, Versions | OSError]
    skipped: frozenset[str]


def find(root: Path) -> Found:
    """Finds the models and versions. Names from callers are looked up in the result, and never become paths.

    Raises:
        OSError: The repository itself cannot be read.
    """
    models: dict[str, Versions | OSError] = {}
    skipped = set()
    for folder in _folders(root):
        if MODEL_ID.fullmatch(folder.name) is None:
            skipped.add(folder.name)
            continue
        try:
            inside = _folders(folder)
        except OSError as error:
            models[folder.name] = error
            continue
        models[folder.name] = {int(path.name): path for path in inside if VERSION.fullmatch(path.name)}
        skipped |= {f"{folder.name}/{path.name}" for path in inside if VERSION.fullmatch(path.name) is None}
    return Found(models, frozenset(skipped))


def stamps(folder: Path) -> Stamps:
    """The stamps of the files in a version's folder, which stay equal until a file changes.

    Raises:
        OSError: The folder cannot be read.
    """
    found = []
    for file in sorted(folder.iterdir()):
        try:
            status = file.stat()
        except OSError:  # a broken link, or a file that was just removed
            found.append((file.name, 0, 0, 0, 0))
            continue
        if stat.S_ISREG(status.st_mode):
            found.append((file.name, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
    return tuple(found)


def _folders(parent: Path) -> list[Path]:
    """The visible folders in a folder, by name."""
    return sorted(path for path in parent.iterdir() if not path.name.startswith(".") and _is_folder(path))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return True  # Reading it raises the error.
