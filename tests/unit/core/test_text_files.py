"""Text files as editors of all systems write them: read, or refused by name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures.texts import AS_WRITTEN, WIDE

from synthserve_core.contract import manifest
from synthserve_core.errors import ManifestError
from synthserve_core.text_files import TextFileError, decode, read


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf", ""),
        (b"\xef\xbb\xbfa\r\nb\rc\n\r", "a\nb\nc\n\n"),
        ("é\n\ufeffü\ufeff".encode(), "é\nü\ufeff"),
        ("a\u2028b\u0085c\fd".encode(), "a\u2028b\u0085c\fd"),
    ],
)
def test_text_has_no_marks_and_one_kind_of_line_end(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("encoding", WIDE)
def test_wide_text_is_refused_with_what_to_do(encoding: str) -> None:
    with pytest.raises(TextFileError, match=r"^is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8$"):
        decode("name é\n".encode(encoding))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"one\r\ntwo\rthr\xe9e", "is not UTF-8 text in line 3: save it as UTF-8"),
        (b"one\ntwo\0", "holds a NUL byte in line 2: write it anew"),
        (bytes(4096), "holds a NUL byte in line 1: write it anew"),  # what a crash can leave
    ],
)
def test_what_is_no_text_is_refused_by_line(data: bytes, message: str) -> None:
    with pytest.raises(TextFileError) as caught:
        decode(data)
    assert str(caught.value) == message


def test_comments_of_files_where_only_ascii_counts_may_have_any_encoding() -> None:
    assert decode(b"f\xfcr\r\nA", only_ascii_counts=True) == "f\ufffdr\nA"


@pytest.mark.parametrize("write", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_files_are_read_as_their_bytes_are(write: Callable[[str], bytes], tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(write("a = 1\n\nb = 2\n"))
    assert read(path) == decode(path.read_bytes()) == "a = 1\n\nb = 2\n"


MANIFEST = '{\n  "format_version": 1,\n  "model": "iris"\n}\n'


@pytest.mark.parametrize("write", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_manifests_are_read(write: Callable[[str], bytes]) -> None:
    assert manifest.parse(write(MANIFEST)).model == "iris"


@pytest.mark.parametrize("encoding", WIDE)
def test_wide_manifests_are_refused(encoding: str) -> None:
    with pytest.raises(ManifestError, match=r"^the manifest is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8$"):
        manifest.parse(MANIFEST.encode(encoding))
