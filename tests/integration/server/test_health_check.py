"""The command `synthserve-health`, as a container or an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.server_process import ServerProcess
from tests.fixtures import packages
from tests.fixtures.certificates import Certificates
from tests.fixtures.processes import held_address, running_server

COMMAND = [sys.executable, "-m", "synthserve_server.commands.health"]
Serve = Callable[..., ServerProcess]


def health(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHSERVE_")}
    done = subprocess.run(
        [*COMMAND, *arguments], env={**own, **environment}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def described(server: ServerProcess, **more: str) -> dict[str, str]:
    """The variables that describe a server, which listens at all addresses in there."""
    port = server.address.rpartition(":")[2]
    return {"SYNTHSERVE_LISTEN": f"0.0.0.0:{port}", "SYNTHSERVE_INSECURE": "true", **more}


def test_a_server_that_serves(serve: Serve) -> None:
    server = serve()
    assert health(server.address) == (0, f"{server.address}: SERVING\n", "")
    assert health(**described(server)) == (0, f"{server.address}: SERVING\n", "")
    assert health(server.address, "--model", "tiny-table")[0] == 0
    code, said, why = health(server.address, "--model", "no-such")
    assert (code, said, why) == (1, "", f"synthserve-health: {server.address}: there is no model no-such\n")


def test_a_model_that_is_not_ready(tmp_path: Path) -> None:
    folder = packages.write_package(tmp_path / "m", "bad", packages.table_graph(), packages.TABLE_MANIFEST)
    (folder / "model.onnx").write_bytes(b"damaged")
    with running_server(tmp_path / "m", tmp_path / "log.txt") as server:
        code, _, why = health(server.address, "--model", "bad")
        assert (code, why) == (1, f"synthserve-health: {server.address}: NOT_SERVING\n")


def test_nobody_answers() -> None:
    with held_address() as address:
        code, said, why = health(address)
    assert (code, said) == (1, "")
    assert why.startswith(f"synthserve-health: {address}: UNAVAILABLE: ")
    assert why.count("\n") == 1


def test_a_token_is_not_needed(serve: Serve, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"somebody {'0' * 64}\n")
    assert health(serve("--token-file", str(tokens)).address)[0] == 0


def test_tls_by_the_settings_of_the_server(serve: Serve, certificates: Certificates, tmp_path: Path) -> None:
    server = serve(*certificates.flags)
    tls = {"SYNTHSERVE_TLS_CERTIFICATE": str(certificates.chain), "SYNTHSERVE_TLS_KEY": str(certificates.key)}
    assert health(**described(server, **tls)) == (0, f"{server.address}: SERVING\n", "")

    file = tmp_path / "server.toml"
    file.write_text(
        "".join(f'{n.removeprefix("SYNTHSERVE_").lower()} = "{v}"\n' for n, v in described(server, **tls).items())
    )
    assert health("--config", str(file))[0] == 0
    assert health(SYNTHSERVE_CONFIG=str(file))[0] == 0

    # Another server's certificate is not the one that the settings name.
    other = tmp_path / "other"
    other.mkdir()
    stranger = Certificates(other)
    code, _, why = health(
        **described(server, SYNTHSERVE_TLS_CERTIFICATE=str(stranger.chain), SYNTHSERVE_TLS_KEY=str(stranger.key))
    )
    assert code == 1
    assert "UNAVAILABLE" in why


def test_tls_by_its_authority(serve: Serve, certificates: Certificates) -> None:
    server = serve(*certificates.flags)
    assert health(server.address, "--tls-ca", str(certificates.ca))[0] == 0
    assert health(server.address)[0] == 1


def test_a_certificate_of_the_client(serve: Serve, certificates: Certificates) -> None:
    certificate, key = certificates.client_files("probe")
    server = serve(*certificates.flags, "--tls-client-ca", str(certificates.ca))
    tls = {"SYNTHSERVE_TLS_CERTIFICATE": str(certificates.chain), "SYNTHSERVE_TLS_KEY": str(certificates.key)}
    pair = ("--tls-client-certificate", str(certificate), "--tls-client-key", str(key))
    assert health(*pair, **described(server, **tls))[0] == 0
    assert health(**described(server, **tls))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "environment", "problem"),
    [
        (["--tls-client-key", __file__], {}, "must be given together"),
        ([], {"SYNTHSERVE_LISTEN": "nowhere"}, "listen: must be HOST:PORT"),
        (["--config", __file__], {}, "the settings file: "),
    ],
)
def test_wrong_use(arguments: list[str], environment: dict[str, str], problem: str) -> None:
    code, said, why = health(*arguments, **environment)
    assert (code, said) == (2, "")
    assert problem in why
    assert why.count("\n") == 1


def test_a_certificate_that_is_none(certificates: Certificates) -> None:
    code, _, why = health(SYNTHSERVE_TLS_CERTIFICATE=str(certificates.key), SYNTHSERVE_TLS_KEY=str(certificates.key))
    assert (code, why) == (1, f"synthserve-health: {certificates.key} holds no PEM certificate\n")
