"""The labels of the files of a folder or an archive: names of sub-folders, or a table of files and labels."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from synthserve_core import text_files
from synthserve_training.data.pictures.decoding import UnusableError
from synthserve_training.data.pictures.sources import NO_LABELS
from synthserve_training.data.pictures.sources.listing import Listing
from synthserve_training.errors import DatasetError

FOLDERS = "folders"
"""What a user gives for labels that are the names of sub-folders."""

_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"}
_TABLES = (".csv", ".tsv")
_LABEL_NAMES = ("label", "labels", "class", "class_name", "category", "target", "y", "species", "kind", "name")
_LEAST_SHARE = 0.5
"""Sub-folders and tables are taken for labels, without being told so, where they label at least so many pictures."""


@dataclass(frozen=True)
class Labels:
    """Labels of files.

    Attributes:
        what: What they are, in words.
        by_name: Path of the file to its label.
        lacking: What is wrong with a picture without a label, and what to do.
        file: The table in the folder or archive that they are from, if any.
        without_picture: What the table labels that is no file.
    """

    what: str
    by_name: Mapping[str, str]
    lacking: str
    file: str | None = None
    without_picture: Sequence[str] = ()


def find(listing: Listing, pictures: Sequence[str], given: str | None) -> Labels | None:
    """Finds the labels of pictures.

    Args:
        listing: All files.
        pictures: The paths of the pictures.
        given: `none`, `folders`, the path of a table, with `:COLUMN` behind it where it has several; None: found out.

    Returns:
        The labels; None: there are none.

    Raises:
        DatasetError: What is given is not there, or labels no picture.
    """
    if given == NO_LABELS:
        return None
    if given == FOLDERS:
        if found := _of_folders(pictures):
            return found
        raise DatasetError(f'{listing.address}: its pictures are in no sub-folders: labels = "folders" needs some')
    if given is not None:
        return _given(listing, pictures, given)
    for name in listing.files:
        if "/" not in name and PurePosixPath(name).suffix.lower() in _TABLES:
            try:
                labels = _of_table(listing.read(name), name, pictures, None, file=name)
            except (UnusableError, DatasetError):
                continue
            if _plausible(labels, pictures):
                return labels
    found = _of_folders(pictures)
    return found if found and _plausible(found, pictures) else None


def _plausible(labels: Labels, pictures: Sequence[str]) -> bool:
    """Whether labels that are not asked for are classes of most pictures, and not names of single ones."""
    classes = len(set(labels.by_name.values()))
    return len(labels.by_name) >= _LEAST_SHARE * len(pictures) and 2 <= classes <= max(2, len(labels.by_name) // 2)


def _of_folders(pictures: Sequence[str]) -> Labels | None:
    """The name of the first folder that differs among pictures; folders of splits, such as `train`, do not count."""
    paths = {name: PurePosixPath(name).parts[:-1] for name in pictures}
    depth = 0
    while True:
        names = {parts[depth] for parts in paths.values() if len(parts) > depth}
        everywhere = all(len(parts) > depth for parts in paths.values())
        if not names:
            return None
        if everywhere and (len(names) == 1 or {name.lower() for name in names} <= _SPLITS):
            depth += 1
            continue
        break
    by_name = {name: parts[depth] for name, parts in paths.items() if len(parts) > depth}
    return Labels("sub-folders", by_name, "it has no label, as it is in no sub-folder: move it into one")


def _given(listing: Listing, pictures: Sequence[str], given: str) -> Labels:
    """The labels of a table that the user names: a file of the listing or, first, one beside it."""
    table, column = given, None
    if not Path(table).is_file() and table not in listing.files and ":" in given:
        table, _, column = given.rpartition(":")
    if Path(table).is_file():
        return _of_table(Path(table).read_bytes(), table, pictures, column)
    if table in listing.files:
        try:
            return _of_table(listing.read(table), table, pictures, column, file=table)
        except UnusableError as error:
            raise DatasetError(f"{table}: {error}") from None
    raise DatasetError(
        f'{table}: there is no such file of labels, neither here nor in {listing.address}: give a CSV file, "folders" '
        'or "none"'
    )


def _of_table(
    content: bytes, name: str, pictures: Sequence[str], column: str | None, *, file: str | None = None
) -> Labels:
    rows = _rows(content, name)
    places = _Places(pictures)
    width = max(map(len, rows), default=0)
    hits = [sum(len(row) > index and places.find(row[index]) is not None for row in rows) for index in range(width)]
    if not any(hits):
        raise DatasetError(f"{name}: none of its cells is the name of a picture: its first column must be the files'")
    of_file = hits.index(max(hits))
    header = rows[0] if places.find(_cell(rows[0], of_file)) is None else None
    of_label = _label_column(name, rows, header, of_file, column)
    labels, absent = {}, []
    for row in rows[1:] if header else rows:
        path = places.find(_cell(row, of_file))
        if path is None:
            absent.append(_cell(row, of_file))
        elif label := _cell(row, of_label).strip():
            labels[path] = label
    return Labels(name, labels, f"{name} has no label for it: add a row", file, absent)


def _rows(content: bytes, name: str) -> list[list[str]]:
    try:
        text = text_files.decode(content)
    except text_files.TextFileError as error:
        raise DatasetError(f"{name} {error}") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error as error:
        raise DatasetError(f"{name}: it is no CSV file: {error}") from None


def _label_column(
    name: str, rows: Sequence[Sequence[str]], header: Sequence[str] | None, of_file: int, wanted: str | None
) -> int:
    """The index of the column of labels."""
    others = [index for index in range(len(rows[0])) if index != of_file]
    names = [cell.strip() for cell in header] if header else []
    if wanted is not None:
        if wanted not in names:
            raise DatasetError(f"{name}: it has no column {wanted!r}: its columns are {', '.join(names) or 'unnamed'}")
        return names.index(wanted)
    if len(others) == 1:
        return others[0]
    lower = [cell.lower() for cell in names]
    for known in _LABEL_NAMES:
        if known in lower and lower.index(known) != of_file:
            return lower.index(known)
    raise DatasetError(f'{name}: which of its columns is the label? Say it, as labels = "{name}:COLUMN"')


class _Places:
    """Pictures by what tables call them: the path, the name of the file, or the name without its suffix."""

    def __init__(self, pictures: Sequence[str]) -> None:
        self._paths: dict[str, str | None] = {}
        for path in pictures:
            parts = PurePosixPath(path)
            for called in {parts.name, parts.stem, str(parts.with_suffix(""))}:
                # A name that two pictures have finds neither.
                self._paths[called] = None if called in self._paths else path
        self._paths.update((path, path) for path in pictures)

    def find(self, called: str) -> str | None:
        """The path of a picture, if it is one."""
        return self._paths.get(called.strip().replace("\\", "/").removeprefix("./"))


def _cell(row: Sequence[str], index: int) -> str:
    return row[index] if index < len(row) else ""
