"""Token files, and files that change while the server runs."""

import hashlib
import os
from pathlib import Path

import pytest
import trustme

from synthserve_server.security.files import CredentialsError, Watched
from synthserve_server.security.principals import Principal
from synthserve_server.security.tls.credentials import server_credentials
from synthserve_server.security.tokens import TokenFile, parse


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def test_tokens_are_found_by_their_digest(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# a comment\n\nreporting {digest('one')}\noperations  {digest('two').upper()} admin # them\n")
    tokens = TokenFile(file)
    assert tokens.find("one") == Principal("reporting")
    assert tokens.find("two") == Principal("operations", frozenset({"admin"}))
    for wrong in ("", "three", digest("one")):
        assert tokens.find(wrong) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nreporting", "line 2: the name is to be followed by a SHA-256"),
        ("reporting secret", "line 1: the name is to be followed by a SHA-256"),
        (f"reporting {'a' * 64} king", "there is no role king"),
        (f"a {'a' * 64}\nb {'A' * 64}", "line 2: the token of b also belongs to another caller"),
    ],
)
def test_file_that_is_not_right_is_refused_without_its_contents(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(CredentialsError, match=message) as caught:
        parse(file)
    assert "secret" not in str(caught.value)


def test_server_does_not_start_for_nobody_and_can_lock_everybody_out_later(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("# nobody\n")
    with pytest.raises(CredentialsError, match="holds no token: every call would be refused"):
        TokenFile(file)
    file.write_text(f"a {digest('one')}")
    tokens = TokenFile(file)
    replace(file, "")
    assert tokens.find("one") is None


def test_file_that_could_not_be_read_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"a {digest('one')}")
    tokens = TokenFile(file)

    def unreadable(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", unreadable)
        replace(file, f"a {digest('two')}")
        assert tokens.find("one") == Principal("a")
    assert tokens.find("one") is None
    assert tokens.find("two") == Principal("a")


def test_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    with pytest.raises(CredentialsError, match="tokens cannot be read: No such file"):
        parse(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialsError, match="not UTF-8"):
        parse(file)


def test_changed_file_counts_at_once_and_a_broken_one_does_not(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"a {digest('one')}")
    tokens = TokenFile(file)
    replace(file, f"a {digest('two')}")
    assert tokens.find("one") is None
    assert tokens.find("two") == Principal("a")
    replace(file, "broken")
    assert tokens.find("two") == Principal("a")
    assert tokens.find("two") == Principal("a")
    file.unlink()
    assert tokens.find("two") == Principal("a")
    logged = "".join(capfd.readouterr())
    assert logged.count("credentials not renewed") == 2  # for what is broken and for what is gone, once each
    assert digest("two") not in logged


def replace(file: Path, text: str) -> None:
    """As a careful operator does it: the file is never seen half written."""
    other = file.with_suffix(".new")
    other.write_text(text)
    other.replace(file)


def test_what_is_made_of_files_is_made_again_when_any_of_them_changes(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    for file in files:
        file.write_text("1")
    made: list[str] = []

    def make() -> int:
        made.append("")
        return len(made)

    watched = Watched(files, make)
    assert watched.current() == (1, False)
    os.utime(files[1], ns=(1, 1))
    assert watched.current() == (2, True)
    assert watched.current() == (2, False)


def test_certificates_that_cannot_work_are_refused_before_anybody_connects(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, key, other, nonsense = (tmp_path / name for name in ("chain.pem", "key.pem", "other.pem", "no.pem"))
    one, two = (authority.issue_cert("localhost") for _ in range(2))
    one.cert_chain_pems[0].write_to_path(certificate)
    one.private_key_pem.write_to_path(key)
    two.private_key_pem.write_to_path(other)
    nonsense.write_text("nonsense")
    server_credentials(certificate, key, certificate)
    for bad in ((certificate, other, None), (nonsense, key, None), (certificate, nonsense, None)):
        with pytest.raises(CredentialsError, match="are not a PEM certificate and its key"):
            server_credentials(*bad)
    with pytest.raises(CredentialsError, match=r"no\.pem holds no PEM certificate"):
        server_credentials(certificate, key, nonsense)
    with pytest.raises(CredentialsError, match="gone cannot be read"):
        server_credentials(certificate, tmp_path / "gone", None)
