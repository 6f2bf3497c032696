"""The files of a folder or of an archive, before it is known what they hold."""

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synthserve_training.data.pictures.decoding import UnusableError
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.errors import DatasetError

MOST_BYTES = 1 << 29
"""The largest file of a picture that is read into memory."""

_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir")
"""What systems put beside pictures. Names that begin with a dot are hidden, too."""


@dataclass(frozen=True)
class Listing:
    """Files by their paths below a folder or in an archive.

    Attributes:
        address: Of the folder or the archive, as the user named it.
        kind: What it is, in words.
        files: Path to (bytes, time of the last change), sorted by path.
        read: Reads the file of a path. Raises `UnusableError`, which says why it cannot be read.
        problems: What could not be listed.
    """

    address: str
    kind: str
    files: dict[str, tuple[int, int]]
    read: Callable[[str], bytes]
    problems: Problems

    @property
    def fingerprint(self) -> str:
        """Changes where a file changes, by its size and time."""
        digest = hashlib.sha256()
        for name, (size, changed) in self.files.items():
            digest.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def of_folder(address: str) -> Listing:
    """Lists a folder and its sub-folders, each once, also where symbolic links lead to them.

    Raises:
        DatasetError: The folder cannot be read.
    """
    top = Path(address).expanduser()
    problems = Problems()
    try:
        files = dict(sorted(_walk(top, problems)))
    except OSError as error:
        raise DatasetError(f"{address}: the folder cannot be read ({error.strerror}): change its permissions") from None

    def read(name: str) -> bytes:
        try:
            return (top / name).read_bytes()
        except OSError as error:
            raise UnusableError(f"it cannot be read ({error.strerror}): change its permissions") from None

    return Listing(address, "a folder", files, read, problems)


def of_archive(address: str) -> Listing:
    """Lists a ZIP archive.

    Raises:
        DatasetError: It is no whole archive.
    """
    path = Path(address).expanduser()
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{address}: it is no whole ZIP archive ({error}): copy or download it again") from None
    members = {
        info.filename: info
        for info in sorted(archive.infolist(), key=lambda info: info.filename)
        if not info.is_dir() and not _hidden(PurePosixPath(info.filename).parts)
    }

    def read(name: str) -> bytes:
        try:
            return archive.read(members[name])
        except RuntimeError:
            raise UnusableError("it is encrypted: unpack the archive with its password, and give the folder") from None
        except Exception:  # of broken bytes, each method of compression raises its own
            raise UnusableError("it is damaged in the archive: copy or download that again") from None

    files = {name: (info.file_size, info.CRC) for name, info in members.items()}
    return Listing(address, "a ZIP archive", files, read, Problems())


def _walk(top: Path, problems: Problems) -> Iterator[tuple[str, tuple[int, int]]]:
    """The files below a folder, by their paths below it. An error of the folder itself is raised."""
    seen = set()
    waiting = [(top, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            about = folder.stat()
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise
            problems.add(prefix, f"the folder cannot be read ({error.strerror}): change its permissions")
            continue
        if (place := (about.st_dev, about.st_ino)) in seen:
            problems.add(prefix, "the link leads to a folder that is read already: remove it", left_out=False)
            continue
        seen.add(place)
        for entry in found:
            if _hidden((entry.name,)):
                continue
            name = prefix + entry.name
            try:
                state = entry.stat()
            except OSError as error:
                problems.add(name, f"the link leads nowhere ({error.strerror}): remove it")
                continue
            if stat.S_ISDIR(state.st_mode):
                waiting.append((Path(entry.path), f"{name}/"))
            elif stat.S_ISREG(state.st_mode):
                yield name, (state.st_size, state.st_mtime_ns)


def _hidden(parts: Iterable[str]) -> bool:
    return any(part.startswith(".") or part in _HIDDEN for part in parts)
