"""Text files as editors of all systems write them: read, or refused by name."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures.issuer import Key, key_set
from tests.fixtures.texts import AS_WRITTEN, WIDE

from synthserve_server.security import jwks, tokens
from synthserve_server.security.files import CredentialsError
from synthserve_server.security.principals import Principal
from synthserve_server.settings import settings as config


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize("write", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_callers_keep_their_names(tmp_path: Path, write: Callable[[str], bytes]) -> None:
    file = tmp_path / "tokens"
    file.write_bytes(write(f"first {digest('one')}  \n# others\n\tsecond\t{digest('two')} admin \n"))
    assert tokens.parse(file) == {
        digest("one"): Principal("first"),
        digest("two"): Principal("second", frozenset({"admin"})),
    }


@pytest.mark.parametrize("encoding", WIDE)
def test_a_wide_token_file_is_refused_by_name(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "tokens"
    file.write_bytes(f"first {digest('one')}\n".encode(encoding))
    with pytest.raises(CredentialsError, match=r"^tokens is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8$"):
        tokens.parse(file)


@pytest.mark.parametrize(
    "character",
    ["\u00a0", "\u200b", "\ufeff", "\u2028", "\u2029", "\u0085", "\f", "\v", "\x1c", "\u00ad", "\u202e", "\u3000"],
)
def test_an_invisible_character_is_refused_by_line_and_code(tmp_path: Path, character: str) -> None:
    file = tmp_path / "tokens"
    for line in (f"sec{character}ond {digest('two')}", f"second{character}{digest('two')}"):
        file.write_text(f"first {digest('one')}\n{line}\n", encoding="utf-8")
        with pytest.raises(CredentialsError, match=rf"^tokens, line 2: .*U\+{ord(character):04X}") as caught:
            tokens.parse(file)
        assert digest("two") not in str(caught.value)


def test_what_some_editors_show_as_a_line_is_not_hidden_in_a_comment(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# anyone\u2028second {digest('two')}\nfirst {digest('one')} # é\u00a0!\n", encoding="utf-8")
    with pytest.raises(CredentialsError, match=r"line 1: .*U\+2028 LINE SEPARATOR"):
        tokens.parse(file)
    file.write_text(f"first {digest('one')} # é\u00a0!\n", encoding="utf-8")
    assert tokens.parse(file) == {digest("one"): Principal("first")}


def test_a_token_where_a_role_should_be_is_not_told(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"first {digest('one')} 3f0c1ad2b8\n")
    with pytest.raises(CredentialsError, match="line 1: there is no such role; there is admin") as caught:
        tokens.parse(file)
    assert "3f0c" not in str(caught.value)


@pytest.mark.parametrize("write", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_settings_are_read(tmp_path: Path, write: Callable[[str], bytes]) -> None:
    file = tmp_path / "server.toml"
    file.write_bytes(write(f'model_repository = "{tmp_path}"\nworkers = 3  \n[limits.reporting]\nmax_streams = 2\n'))
    settings = config.load({"config": file})
    assert settings.workers == 3
    assert settings.limits["reporting"].max_streams == 2


@pytest.mark.parametrize("encoding", WIDE)
def test_wide_settings_are_refused_by_name(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "server.toml"
    file.write_bytes("workers = 3\n".encode(encoding))
    with pytest.raises(ValueError, match=r"^server\.toml is UTF-16 or UTF-32 text, not UTF-8: save it as UTF-8$"):
        config.load({"config": file, "model_repository": tmp_path})


def test_settings_that_are_nested_too_deeply_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f"workers = {'[' * 10_000}{']' * 10_000}\n")
    with pytest.raises(ValueError, match="nested too deeply"):
        config.load({"config": file, "model_repository": tmp_path})


@pytest.mark.parametrize("name", ["jwt_issuer", "jwt_audience", "jwt_name_claim", "admin_certificate", "load_model"])
def test_names_from_the_environment_have_no_invisible_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"SYNTHSERVE_{name.upper()}", "so\u200bme")
    with pytest.raises(ValueError, match=rf"{name}(?s:.*)invisible character U\+200B"):
        config.load({"model_repository": tmp_path})


def test_names_from_the_environment_lose_their_line_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHSERVE_JWT_NAME_CLAIM", " email\r\n")
    assert config.load({"model_repository": tmp_path}).jwt_name_claim == "email"


KEY = Key("a")


@pytest.mark.parametrize("write", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_key_sets_are_read(write: Callable[[str], bytes]) -> None:
    text = json.dumps(json.loads(key_set(KEY)), indent=2) + "\n"
    assert set(jwks.parse(write(text), "keys.json").by_name) == {("a", "ES256")}


@pytest.mark.parametrize("encoding", WIDE)
def test_wide_key_sets_are_refused_by_name(encoding: str) -> None:
    with pytest.raises(CredentialsError, match=r"^keys\.json is not JSON: it is UTF-16 or UTF-32 text, not UTF-8"):
        jwks.parse(key_set(KEY).decode().encode(encoding), "keys.json")
