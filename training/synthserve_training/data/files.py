"""Finds the files of a dataset: in the user's data folder, in the cache, or at their official source."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from synthserve_training.console import progress_console
from synthserve_training.errors import DatasetError

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class RemoteFile:
    """A file that a dataset consists of.

    Attributes:
        path: Where it lies below a data folder, for example `mnist/train-images-idx3-ubyte.gz`.
        sha256: Its digest, 64 hexadecimal digits.
        urls: Where it can be had, official source first; none, where only its user can have it.
    """

    path: str
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Files:
    """Where datasets lie.

    Attributes:
        data_dir: A folder that the user keeps; looked at first and never written.
        cache_dir: Where downloads go.
    """

    data_dir: Path | None
    cache_dir: Path

    @classmethod
    def locate(cls, data_dir: Path | None = None) -> "Files":
        """Applies the defaults: `SYNTHSERVE_DATA`, and a folder in the user's cache.

        Raises:
            DatasetError: The data folder does not exist.
        """
        if data_dir is None and (from_environment := os.environ.get("SYNTHSERVE_DATA")):
            data_dir = Path(from_environment)
        if data_dir is not None and not data_dir.is_dir():
            what = "is a file, not a folder" if data_dir.exists() else "does not exist"
            raise DatasetError(f"the data folder {data_dir} {what} (--data-dir or SYNTHSERVE_DATA)")
        return cls(data_dir, _cache_home() / "synthserve" / "datasets")

    def fetch(self, file: RemoteFile) -> Path:
        """Returns the path of a verified copy, downloading it where there is none.

        Raises:
            DatasetError: The file at hand is corrupt or short, or no source gave a good copy.
        """
        return self.find(file) or _download(file, self.cache_dir / file.path)

    def find(self, file: RemoteFile) -> Path | None:
        """Returns the path of a verified copy in the data folder or the cache, or None where there is none.

        Raises:
            DatasetError: The file at hand is corrupt or short.
        """
        for folder in (self.data_dir, self.cache_dir):
            if folder is not None and (path := folder / file.path).is_file():
                if problem := _problem(path, file):
                    raise DatasetError(f"{path} is {problem}: delete it and run again to download it anew")
                return path
        return None


def _cache_home() -> Path:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # a user who is not in the list of users, as containers have it
        raise DatasetError("there is no home folder to keep downloads in: set HOME or XDG_CACHE_HOME") from None


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _problem(path: Path, file: RemoteFile) -> str | None:
    if (digest := digest_of(path)) == file.sha256:
        return None
    size = path.stat().st_size
    return f"corrupt or incomplete ({size:,} bytes, SHA-256 {digest[:12]}…, expected {file.sha256[:12]}…)"


def _download(file: RemoteFile, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    failures: list[str] = []
    for url in file.urls:
        try:
            return _download_from(url, file, target)
        except (OSError, ValueError, http.client.HTTPException, DatasetError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            failures.append(f"{url}{_through(url)}: {reason}")
    reasons = "; ".join(failures) or "no public address is known"
    raise DatasetError(
        f"could not download {file.path}: {reasons}. "
        f"Put the file into a folder of yours as {file.path} and name that folder with --data-dir"
    )


def _through(url: str) -> str:
    """The proxy that a download goes through, without user and password; empty: none."""
    address = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(address.scheme)
    if not proxy or urllib.request.proxy_bypass(address.hostname or ""):
        return ""
    return f" (through the proxy {proxy.rpartition('@')[2].rpartition('//')[2]} of {address.scheme}_proxy)"


def _download_from(url: str, file: RemoteFile, target: Path) -> Path:
    # Beside the target, so that the final rename is atomic: no reader ever sees half a file.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as folder:
        part = Path(folder) / target.name
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response, part.open("wb") as sink:  # noqa: S310 - the URLs are constants of this package
            length = response.headers.get("Content-Length")
            console = progress_console()  # on standard error: output is for what a command finds
            with Progress(*_columns(), transient=True, console=console, disable=not console.is_terminal) as progress:
                task = progress.add_task(target.name, total=int(length) if length else None)
                while chunk := response.read(_CHUNK_BYTES):
                    sink.write(chunk)
                    progress.advance(task, len(chunk))
        if problem := _problem(part, file):
            raise DatasetError(f"what came is {problem}")
        part.replace(target)
    return target


def _columns() -> Sequence[TextColumn | BarColumn | DownloadColumn | TransferSpeedColumn]:
    return TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
