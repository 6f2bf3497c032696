"""Texts: from the layout of a graph, padded with zeros, to one behind the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthserve_core.contract.texts import texts_of

LENGTH = 7


def _padded(rows: list[bytes], length: int = LENGTH) -> NDArray[np.uint8]:
    return np.array([list(row.ljust(length, b"\0")) for row in rows], np.uint8).reshape(len(rows), length)


def _texts(rows: list[bytes], valid: list[bool] | None = None) -> list[bytes]:
    found = texts_of(_padded(rows), None if valid is None else np.array(valid, np.bool_))
    assert found.offsets.dtype == np.int32
    assert found.offsets[0] == 0
    assert found.offsets[-1] == len(found.data)
    return [found.data[start:stop] for start, stop in zip(found.offsets[:-1], found.offsets[1:], strict=True)]


# Bytes of which parts of characters are made, zeros among them, so that a good part of the rows is UTF-8.
BYTES = st.lists(st.sampled_from(b"\0\0ab\xc3\xbc\xe6\x9d\xb1\xf0\x9f\x8c\xbb\xed\xa0\x80\xff"), max_size=LENGTH)
ROWS = st.lists(st.one_of(BYTES.map(bytes), st.text(max_size=3).map(lambda text: text.encode()[:LENGTH])), max_size=6)


def _is_text(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(rows=ROWS, data=st.data())
def test_rows_are_texts_up_to_their_first_zero_or_refused(rows: list[bytes], data: st.DataObject) -> None:
    valid = data.draw(st.none() | st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    kept = [
        row.split(b"\0")[0] if is_valid else b""
        for row, is_valid in zip(rows, valid or [True] * len(rows), strict=True)
    ]
    if all(map(_is_text, kept)):
        assert _texts(rows, valid) == kept
    else:
        with pytest.raises(UnicodeDecodeError):
            _texts(rows, valid)


@pytest.mark.parametrize(
    "rows",
    [
        [b"\xc3", b"\xbc"],
        [b"a\xc3", b"", b"\xbc"],
        [b"\xf0\x9f", b"\x8c\xbb"],
        [b"\xf0\x9f\x8c\xbb\xf0", b"\x9f\x8c\xbb"],
        [b"\xe6\x9d\xb1\xe6\x9d\xb1\xe6", b"\x9d\xb1"],
    ],
)
def test_a_character_that_is_cut_between_rows_is_refused(rows: list[bytes]) -> None:
    b"".join(rows).decode()
    with pytest.raises(UnicodeDecodeError):
        _texts(rows)


def test_what_is_missing_can_hold_anything() -> None:
    assert _texts([b"a", b"\xff\xfe", b"\xbc"], [True, False, False]) == [b"a", b"", b""]


def test_what_follows_the_first_zero_is_nothing() -> None:
    assert _texts([b"a\0\xff", b"\0b", b"1234567"]) == [b"a", b"", b"1234567"]


def test_no_rows() -> None:
    found = texts_of(np.zeros((0, 5), np.uint8))
    assert (found.offsets.tolist(), found.data) == ([0], b"")
