"""Pictures in Parquet as Hugging Face's datasets have them: a column of encoded files, and labels beside it.

The column is a struct of `bytes` and `path`, or binary; a label is a text, or a number that the schema's metadata name
(ClassLabel). A dataset can be cut into several files.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from synthserve_training import problems as suggestions
from synthserve_training.data.pictures.problems import Problems
from synthserve_training.data.pictures.sources import NO_LABELS, Stored
from synthserve_training.data.pictures.sources.arrays import from_here_on
from synthserve_training.errors import DatasetError

_ROWS = 64
"""Rows that are in memory at once."""

_PICTURES = ("image", "img", "picture", "photo", "pixel_values", "file")
_LABELS = ("label", "labels", "fine_label", "class", "category", "target", "species")
_METADATA = b"huggingface"


@dataclass(frozen=True)
class _Column:
    """A column of pictures."""

    name: str
    is_struct: bool


class ParquetPictures:
    """The pictures of the rows of Parquet files."""

    kind = "Parquet"

    def __init__(self, address: str, paths: Sequence[Path], labels: str | None) -> None:
        """Finds the columns.

        Args:
            address: As the user named it.
            paths: The files, in their order.
            labels: The column of labels, or `none`; None: found out.

        Raises:
            DatasetError: A file is no Parquet of pictures, or has no such column.
        """
        self.address, self._paths = address, paths
        self._schema = _schema(paths[0])
        self._picture = _picture_column(self._schema)
        if self._picture is None:
            raise DatasetError(f"{paths[0]}: it has no column of pictures: a struct of bytes and path, or binary")
        for path in paths[1:]:
            if self._picture.name not in _schema(path).names:
                raise DatasetError(f"{path}: it has no column {self._picture.name!r}, as {paths[0]} has: remove it")
        self._label = _label_column(address, self._schema, labels)
        self._names = _class_names(self._schema, self._label) if self._label else ()

    @property
    def labelled_by(self) -> str | None:
        """The column."""
        return f"column {self._label}" if self._label else None

    @property
    def fingerprint(self) -> str:
        """Of the files' names, sizes and times, and of the column of labels."""
        digest = hashlib.sha256(repr(self._label).encode())
        for path in self._paths:
            state = path.stat()
            digest.update(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def __len__(self) -> int:
        return sum(pq.read_metadata(path).num_rows for path in self._paths)

    def pictures(self, problems: Problems) -> Iterator[Stored]:
        """Reads the pictures in the order of the rows; they are named by the number of the row, from 1."""
        for path in self._paths:
            prefix = f"{path.name}, " if len(self._paths) > 1 else ""
            number = 0
            try:
                for number, picture, label in self._rows(path):
                    name = f"{prefix}row {number}"
                    content = self._content(path, picture)
                    if content is None:
                        problems.add(name, "it has no picture: remove the row")
                    elif self._label and label is None:
                        problems.add(
                            name, f'it has no {self._label}: add it, or learn all without labels (labels = "none")'
                        )
                    else:
                        yield Stored(name, content, label)
            except (OSError, pa.ArrowException) as error:
                problems.add(f"{prefix}row {number + 1}", from_here_on(error))

    def _rows(self, path: Path) -> Iterator[tuple[int, Any, str | None]]:
        columns = [self._column.name, *([self._label] if self._label else [])]
        number = 0
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS, columns=columns, use_threads=False):
                labels = batch.column(self._label).to_pylist() if self._label else [None] * len(batch)
                for picture, label in zip(batch.column(self._column.name), labels, strict=True):
                    number += 1
                    yield number, picture.as_py(), self._text(label)

    @property
    def _column(self) -> _Column:
        assert self._picture is not None  # noqa: S101 - checked when it was opened
        return self._picture

    def _content(self, path: Path, picture: Any) -> bytes | None:  # noqa: ANN401 - a cell
        if picture is None or not self._column.is_struct:
            return cast("bytes | None", picture)
        if picture["bytes"] is None and picture["path"]:
            try:
                return (path.parent / str(picture["path"])).read_bytes()
            except OSError:
                return None
        return cast("bytes | None", picture["bytes"])

    def _text(self, label: object) -> str | None:
        if isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(self._names):
            return self._names[label]
        if label is None or (self._names and label == -1):  # as Hugging Face marks rows of a test set
            return None
        return str(label)


def has_pictures(path: Path) -> bool:
    """Whether a Parquet file has a column of pictures."""
    try:
        return _picture_column(pq.read_schema(path)) is not None
    except (OSError, pa.ArrowException):
        return False


def _schema(path: Path) -> pa.Schema:
    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(f"{path}: it is no whole Parquet file ({reason}): download it again") from None


def _picture_column(schema: pa.Schema) -> _Column | None:
    """The first struct of bytes and path, or else a binary column with the name of pictures."""
    for field in schema:
        if pa.types.is_struct(field.type) and {each.name for each in field.type} >= {"bytes", "path"}:
            return _Column(field.name, is_struct=True)
    for field in schema:
        binary = pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
        if binary and field.name.lower() in _PICTURES:
            return _Column(field.name, is_struct=False)
    return None


def _label_column(address: str, schema: pa.Schema, wanted: str | None) -> str | None:
    if wanted == NO_LABELS:
        return None
    if wanted is not None:
        if wanted not in schema.names:
            meant = suggestions.did_you_mean(wanted, schema.names)
            raise DatasetError(f"{address}: it has no column {wanted!r} of labels{meant}")
        return wanted
    classes = [name for name in schema.names if _class_names(schema, name)]
    named = [name for name in schema.names if name.lower() in _LABELS]
    return next(iter([*(name for name in named if name in classes), *classes, *named]), None)


def _class_names(schema: pa.Schema, column: str) -> tuple[str, ...]:
    """The names of the classes of a column, by the schema's metadata; none, where these do not say."""
    try:
        features = json.loads((schema.metadata or {})[_METADATA])["info"]["features"]
        names = features[column]["names"] if features[column]["_type"] == "ClassLabel" else []
        return tuple(map(str, names))
    except (KeyError, TypeError, ValueError):
        return ()
