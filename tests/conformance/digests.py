"""What stands for the samples of a stream, whatever language got them and however they were cut; see README.md."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cells:
    """Some rows of a column: values of which those that are not valid mean nothing. `None`: all are."""

    values: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | Sequence[str]
    validity: NDArray[np.bool_] | None = None


class TableDigest:
    """The digest of rows that come batch by batch."""

    def __init__(self, columns: int) -> None:
        self._columns = [hashlib.sha256() for _ in range(columns)]

    def update(self, batch: Iterable[Cells]) -> None:
        """Takes the next rows, one `Cells` for each column."""
        for digest, cells in zip(self._columns, batch, strict=True):
            digest.update(_encoded(cells))

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(b"".join(column.digest() for column in self._columns)).hexdigest()


def _encoded(cells: Cells) -> bytes:
    values, validity = cells.values, cells.validity
    if isinstance(values, np.ndarray):
        little = values.dtype.newbyteorder("<")
        present = np.ones(len(values), np.uint8) if validity is None else validity.astype(np.uint8)
        packed = np.empty(len(values), np.dtype([("present", "u1"), ("value", little)]))
        packed["present"], packed["value"] = present, values
        if present.all():
            return packed.tobytes()
        as_bytes = packed.view(np.uint8).reshape(len(values), packed.dtype.itemsize)
        kept = np.ones(as_bytes.shape, np.bool_)
        kept[:, 1:] = present[:, np.newaxis]
        return as_bytes[kept].tobytes()
    texts = {text: b"\1" + len(text.encode()).to_bytes(4, "little") + text.encode() for text in set(values)}
    encoded = [texts[text] for text in values]
    if validity is None:
        return b"".join(encoded)
    return b"".join(cell if there else b"\0" for cell, there in zip(encoded, validity.tolist(), strict=True))
