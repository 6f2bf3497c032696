"""Text as editors write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import synthserve
from synthserve._text_files import decode
from synthserve.cli._token_file import token_from

if TYPE_CHECKING:
    from pathlib import Path

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_comes_without_its_byte_order_mark(encoding: str) -> None:
    assert decode("Grüße\r\n".encode(encoding)) == "Grüße\r\n"
    assert decode("".encode(encoding)) == ""


@pytest.mark.parametrize("data", [b"\xff", b"caf\xe9", "token".encode("utf-16-le"), b"a\0b"])
def test_other_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        decode(data)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_token_is_read_from_what_an_editor_has_written(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "token"
    file.write_bytes("abc \r\n".encode(encoding))
    give = token_from(file)
    assert give().strip() == "abc"
    file.write_bytes(b"renewed")
    assert give() == "renewed"


def test_a_file_that_holds_no_token_is_refused_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"secret\xff")
    with pytest.raises(synthserve.InvalidRequest, match=r"token: .*is not text in UTF-8") as caught:
        token_from(file)()
    assert "secret" not in str(caught.value)
    file.write_text("# name digest\nreporting  " + "2b" * 32 + " admin\n")
    with pytest.raises(synthserve.InvalidRequest, match="is a server's list of digests, not a token"):
        token_from(file)()
    file.write_text("2b" * 32)  # a token can look like a digest
    assert token_from(file)() == "2b" * 32
