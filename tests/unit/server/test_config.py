import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from synthserve_server.settings import settings as config


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in config.Settings.model_fields:
        monkeypatch.delenv(f"SYNTHSERVE_{name.upper()}", raising=False)
    monkeypatch.setenv("SYNTHSERVE_MODEL_REPOSITORY", str(tmp_path))


def test_flags_go_before_the_environment_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "server.toml"
    file.write_text('workers = 3\ngrace_seconds = 3\nlisten = "127.0.0.1:3"\n')
    monkeypatch.setenv("SYNTHSERVE_GRACE_SECONDS", "2")
    monkeypatch.setenv("SYNTHSERVE_LISTEN", "127.0.0.1:2")
    settings = config.load({"config": file, "listen": "127.0.0.1:1"})
    assert (settings.listen, settings.grace_seconds, settings.workers) == ("127.0.0.1:1", 2, 3)


def test_the_environment_may_name_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("workers = 3\n")
    monkeypatch.setenv("SYNTHSERVE_CONFIG", str(file))
    assert config.load({}).workers == 3


def test_defaults() -> None:
    settings = config.load({})
    assert settings.listen == "127.0.0.1:50051"
    assert settings.workers >= 1
    assert settings.max_count is None


def test_settings_cannot_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config.load({}).workers = 5


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("workers", 0),
        ("model_control_mode", "sometimes"),
        ("repository_poll_seconds", 0),
        ("max_graph_bytes", 0),
        ("warm_up_seconds", 0),
        ("drain_delay_seconds", -1),
        ("grace_seconds", -1),
        ("max_count", 0),
        ("device", "tpu"),
        ("device", "cuda:"),
        ("device", "cuda:0,"),
        ("device", "cpu:0"),
        ("log_format", "xml"),
        ("listen", "50051"),
        ("listen", "host:port"),
        ("model_repository", "/does/not/exist"),
        ("config", "/does/not/exist.toml"),
        ("port_file", "/does/not/exist/port"),
        ("port_file", "/"),
        ("metrics_listen", "9464"),
        ("otlp_endpoint", "127.0.0.1:4317"),
        ("otlp_endpoint", "http://"),
        ("otlp_endpoint", "https://user:secret@example.org:4317"),
        ("colour", "red"),
    ],
)
def test_what_is_not_allowed_is_named(setting: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        config.load({setting: value})
    assert [problem["loc"][0] for problem in caught.value.errors()] == [setting]


def test_a_repository_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    # A mode would not do: it keeps nothing from the superuser.
    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(ValidationError, match="cannot be read: Permission denied"):
        config.load({})


def test_a_setting_in_the_file_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("wrokers = 3\n")
    with pytest.raises(ValidationError, match="wrokers"):
        config.load({"config": file})


def test_a_file_that_is_not_toml_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("workers: 3\n")
    with pytest.raises(ValueError, match="line 1"):
        config.load({"config": file})


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "192.168.0.1:1", "example.org:1", ":::1"])
def test_what_others_can_reach_must_be_secured_or_said_to_be_insecure(listen: str) -> None:
    with pytest.raises(ValidationError, match="can be reached from elsewhere"):
        config.load({"listen": listen})
    assert config.load({"listen": listen, "insecure": True}).listen == listen


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_this_machine_needs_no_security(listen: str) -> None:
    assert not config.load({"listen": listen}).insecure


def test_metrics_are_shown_to_others_only_where_that_is_said() -> None:
    with pytest.raises(ValidationError, match=r"can be reached from elsewhere.*metrics_insecure"):
        config.load({"metrics_listen": "0.0.0.0:1", "insecure": True})
    assert config.load({"metrics_listen": "0.0.0.0:1", "metrics_insecure": True}).metrics_listen == "0.0.0.0:1"
    assert config.load({"metrics_listen": "[::1]:1"}).metrics_listen == "[::1]:1"
    assert config.load({}).metrics_listen is None


def test_tls_settings_go_together(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    for name in ("tls_certificate", "tls_key"):
        with pytest.raises(ValidationError, match="must be set together"):
            config.load({name: file})
    with pytest.raises(ValidationError, match="tls_client_ca requires tls_certificate and tls_key"):
        config.load({"tls_client_ca": file})
    assert config.load({"tls_certificate": file, "tls_key": file, "listen": "0.0.0.0:1"}).tls_client_ca is None


def test_signed_tokens_need_keys_an_issuer_and_an_audience(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.touch()
    whole = {"jwks": str(file), "jwt_issuer": "https://issuer.example.org", "jwt_audience": "synthserve"}
    assert config.load(whole).jwks == file
    for name in whole:
        with pytest.raises(ValidationError, match="jwks, jwt_issuer and jwt_audience must be set together"):
            config.load({key: value for key, value in whole.items() if key != name})


@pytest.mark.parametrize(
    "place", ["https://issuer.example.org/keys", "http://127.0.0.1:1/keys", "http://localhost/", "http://[::1]:1/"]
)
def test_keys_have_an_address_that_nobody_else_can_answer_for(place: str) -> None:
    assert config.load({"jwks": place, "jwt_issuer": "i", "jwt_audience": "a"}).jwks == place


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("http://issuer.example.org/keys", "must be a file or an https address"),
        ("http://localhost.example.org/keys", "must be a file or an https address"),
        ("ftp://issuer.example.org/keys", "must be a file or an https address"),
        ("https:///keys", "must be an address with a host"),
        ("https://user:secret@issuer.example.org/keys", "without a user or a password"),
        ("https://issuer.example.org:seven/keys", "must be an address with a host"),
        ("https://issuer.example.org/a b", "must be an address with a host"),
        ("https://[::1/keys", "must be an address with a host"),
        ("/does/not/exist", "there is no file /does/not/exist"),
    ],
)
def test_keys_that_anybody_could_answer_for_are_refused(place: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        config.load({"jwks": place, "jwt_issuer": "i", "jwt_audience": "a"})
    assert all("secret" not in problem["msg"] for problem in caught.value.errors())


def test_several_administrators_stand_with_commas_in_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    monkeypatch.setenv("SYNTHSERVE_ADMIN_CERTIFICATE", "operations, Jane Doe")
    tls = dict.fromkeys(("tls_certificate", "tls_key", "tls_client_ca"), file)
    assert config.load(tls).admin_certificate == ("operations", "Jane Doe")
    with pytest.raises(ValidationError, match="admin_certificate requires tls_client_ca"):
        config.load({})


def test_explicit_control_loads_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load({}).models_at_start is None
    assert config.load({"model_control_mode": "poll"}).models_at_start is None
    assert config.load({"model_control_mode": "explicit"}).models_at_start == ()
    assert config.load({"model_control_mode": "explicit", "load_model": ["*"]}).models_at_start is None
    monkeypatch.setenv("SYNTHSERVE_LOAD_MODEL", "iris-vae, mnist-dcgan")
    assert config.load({"model_control_mode": "explicit"}).models_at_start == ("iris-vae", "mnist-dcgan")
    with pytest.raises(ValidationError, match="load_model requires model_control_mode explicit"):
        config.load({})
    for names in (["*", "iris-vae"], ["../iris-vae"], ["iris-vae@1"]):
        with pytest.raises(ValidationError, match="alone, or names of models"):
            config.load({"model_control_mode": "explicit", "load_model": names})


def test_administrators_without_tokens(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    tls = {"tls_certificate": file, "tls_key": file, "tls_client_ca": file}
    assert config.load({**tls, "admin_certificate": ["operator"]}).admin_certificate == ("operator",)
    with pytest.raises(ValidationError, match="admin_certificate requires tls_client_ca"):
        config.load({"admin_certificate": ["operator"]})
    assert config.load({"local_admin": True}).local_admin
    for settings in (tls, {"token_file": file}, {"listen": "0.0.0.0:1", "insecure": True}):
        with pytest.raises(ValidationError, match="without authentication that only this machine can call"):
            config.load({**settings, "local_admin": True})


SETTINGS = Path(__file__).parents[3] / "docs" / "settings.md"


@pytest.mark.parametrize("name", sorted(set(config.Settings.model_fields) - {"limits"}))
def test_every_setting_is_documented(name: str) -> None:
    assert f"--{name.replace('_', '-')}" in SETTINGS.read_text()
