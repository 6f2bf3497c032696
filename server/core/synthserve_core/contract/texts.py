"""Converts texts from the layout of a graph (padded with zeros) to that of files and messages (concatenated)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CONTINUES = 0b1000_0000
_KIND = 0b1100_0000


@dataclass(frozen=True)
class Texts:
    """Concatenated texts in UTF-8.

    Attributes:
        offsets: int32, one more than there are texts: where each begins, and where the last ends.
        data: Their bytes.
    """

    offsets: NDArray[np.int32]
    data: bytes


def texts_of(padded: NDArray[np.uint8], valid: NDArray[np.bool_] | None = None) -> Texts:
    """The texts of a column.

    Args:
        padded: `[rows, length]`, UTF-8 that ends at the first zero.
        valid: Where there is a value, `[rows]`; None: everywhere. Missing ones become empty.

    Raises:
        UnicodeDecodeError: A value is not UTF-8.
    """
    ended = padded == 0
    # A text that fills its row has no zero, for which argmax returns 0.
    lengths = np.where(ended.any(axis=1), ended.argmax(axis=1), padded.shape[1])
    if valid is not None:
        lengths = np.where(valid, lengths, 0)
    offsets = np.zeros(len(padded) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = padded[np.arange(padded.shape[1]) < lengths[:, np.newaxis]].tobytes()
    data.decode()
    # A character that is split across two rows is valid UTF-8 in the concatenation, but neither row is.
    starts = np.frombuffer(data, np.uint8)[offsets[:-1][offsets[:-1] < len(data)]]
    if ((starts & _KIND) == _CONTINUES).any():
        raise UnicodeDecodeError("utf-8", data[:1], 0, 1, "a value begins within a character")
    return Texts(offsets, data)
