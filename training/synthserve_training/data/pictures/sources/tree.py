"""The pictures of a folder or an archive, labelled by sub-folders or by a table."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from synthserve_training.data.pictures.decoding import UnusableError
from synthserve_training.data.pictures.kinds import SUFFIXES, pictures_by_suffix
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import Stored
from synthserve_training.data.pictures.sources.labels import Labels, find
from synthserve_training.data.pictures.sources.listing import MOST_BYTES, Listing
from synthserve_training.errors import DatasetError

_UNREAD = (".heic", ".heif", ".avif", ".svg", ".psd", ".raw", ".cr2", ".nef", ".dng", ".arw", ".jxl", ".jp2", ".ico")
_TABLES = (".csv", ".tsv", ".parquet", ".xlsx", ".json", ".jsonl", ".txt")


def is_picture(name: str) -> bool:
    """Whether a file is a picture by its name, or has a name that does not say what it is."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in SUFFIXES or not suffix


def open_tree(listing: Listing, labels: str | None) -> "Tree":
    """Opens the pictures of a folder or an archive.

    Args:
        listing: Its files.
        labels: What the labels are, see `labels.find`; None: found out.

    Raises:
        DatasetError: There are no pictures, or not these labels.
    """
    if not listing.files:
        raise DatasetError(f"{listing.address}: it is empty: put pictures into it (PNG, JPEG, WebP)")
    names = [name for name in listing.files if is_picture(name)]
    if not names:
        tables = [name for name in listing.files if PurePosixPath(name).suffix.lower() in _TABLES]
        advice = f": to learn a table give the file, such as {listing.address}/{tables[0]}" if tables else ""
        raise DatasetError(
            f"{listing.address}: by their names none of its {len(listing.files):,} files are pictures{advice}"
        )
    return Tree(listing, find(listing, pictures_by_suffix(listing.files) or names, labels))


class Tree:
    """The pictures of a folder or an archive."""

    def __init__(self, listing: Listing, labels: Labels | None) -> None:
        """Chooses the files that are pictures; where pictures have labels, a file like README needs one to be tried.

        Args:
            listing: The files.
            labels: Theirs.
        """
        self._listing, self._labels = listing, labels
        self._names = [
            name
            for name in listing.files
            if is_picture(name) and (labels is None or PurePosixPath(name).suffix or name in labels.by_name)
        ]

    @property
    def address(self) -> str:
        """Of the folder or the archive."""
        return self._listing.address

    @property
    def kind(self) -> str:
        """`a folder` or `a ZIP archive`."""
        return self._listing.kind

    @property
    def labelled_by(self) -> str | None:
        """What the labels are, in words."""
        return self._labels.what if self._labels else None

    @property
    def fingerprint(self) -> str:
        """Of the files and the labels."""
        labels = json.dumps(dict(self._labels.by_name)) if self._labels else ""
        return hashlib.sha256(f"{self._listing.fingerprint}{labels}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._names)

    def pictures(self, problems: Problems) -> Iterator[Stored]:
        """Reads the pictures in the order of their paths."""
        for problem in self._listing.problems:
            for name in problem.names:
                problems.add(name, problem.text, left_out=problem.left_out)
        self._note_others(problems)
        if self._labels:
            for name in self._labels.without_picture:
                problems.add(name, f"{self._labels.what} has a label for it, and there is no such file: remove the row")
        for name in self._names:
            label = None
            if self._labels and (label := self._labels.by_name.get(name)) is None:
                problems.add(name, f'{self._labels.lacking}, or learn all without labels (labels = "none")')
                continue
            if self._listing.files[name][0] > MOST_BYTES:
                problems.add(name, f"it has more than {MOST_BYTES >> 20} MiB: make it smaller")
                continue
            try:
                content = self._listing.read(name)
            except UnusableError as error:
                problems.add(name, str(error))
                continue
            if not PurePosixPath(name).suffix and not _begins_like_a_picture(content):
                problems.add(name, "it is no picture by its name and its first bytes", left_out=False)
                continue
            yield Stored(name, content, label)

    def _note_others(self, problems: Problems) -> None:
        """Lists the files that are not read as pictures."""
        chosen, others = set(self._names), Counter[str]()
        for name in self._listing.files:
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in _UNREAD:
                problems.add(name, f"files of the kind {suffix} are not read: convert it to JPEG or PNG")
            elif name not in chosen and not (self._labels and name == self._labels.file):
                others[suffix] += 1
        for suffix, count in others.items():
            problems.add(
                f"*{suffix}" if suffix else "files without a suffix",
                "by their names these are no pictures",
                left_out=False,
                count=count,
            )


def _begins_like_a_picture(content: bytes) -> bool:
    return content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")) or (
        content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    )
