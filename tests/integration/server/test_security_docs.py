"""What docs/security.md shows is run as it is written."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures import packages
from tests.fixtures.certificates import Certificates

from synthserve_server.process import ServerProcess
from synthserve_server.security.tokens import TokenFile

TEXT = (Path(__file__).parents[3] / "docs" / "security.md").read_text()


def block(section: str, language: str) -> str:
    """The only block of a language in a section."""
    body = TEXT.partition(f"## {section}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(rf"```{language}\n(.*?)```", body, re.DOTALL)
    return str(code)


def shell(code: str, folder: Path) -> str:
    """Runs commands as somebody would who has installed everything; what they print."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p) || true' EXIT\n{code}"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_token_in_the_file(tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    shell(block("A token in the file", "sh"), tmp_path)
    principal = TokenFile(tmp_path / "tokens").find((tmp_path / "reporting.token").read_text())
    assert principal is not None
    assert principal.name == "reporting"
    monkeypatch.chdir(tmp_path)
    assert certificates.ca.name == "ca.pem"
    made: dict[str, object] = {}
    exec(block("A token in the file", "python"), made)  # noqa: S102 - our own documentation
    client = made["client"]
    client.close()  # type: ignore[attr-defined]  # What exec has made has no type.


def test_a_signed_token(tmp_path: Path) -> None:
    section = "Tokens that an identity provider signs"
    packages.write_package(tmp_path / "exported", "iris-vae", packages.table_graph(), packages.TABLE_MANIFEST)
    (tmp_path / "issuer.py").write_text(block(section, "python"))
    said = shell(block(section, "sh") + "wait\n", tmp_path).splitlines()
    rows = [line for line in said if line.count(",") > 1]
    assert len(rows) == 4, said
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0


def test_a_certificate_of_a_client(serve: Callable[..., ServerProcess], certificates: Certificates) -> None:
    certificates.client_files("operator")
    server = serve(*certificates.flags, "--tls-client-ca", str(certificates.ca), "--admin-certificate", "operator")
    code = block("Certificates of clients", "sh").replace(
        "models.example.org:50051", f"localhost:{server.address.rpartition(':')[2]}"
    )
    assert "tiny-table" in shell(code, certificates.folder)
    without = shlex.join(shlex.split(code.replace("\\\n", ""))[:6])
    with pytest.raises(AssertionError, match="synthserve: "):
        shell(f"{without} --timeout 20", certificates.folder)
