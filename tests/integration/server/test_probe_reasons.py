"""What `synthserve-health` says when it gets no answer, and of files that it cannot use."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from scripts.server_process import ServerProcess
from tests.fixtures.issuing import Issued, authority
from tests.fixtures.processes import held_address
from tests.integration.server.test_health_check import health

Serve = Callable[..., ServerProcess]

ROOT = authority()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], str]:
    def written(name: str, data: bytes) -> str:
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return written


def test_reasons_why_there_is_no_connection(serve: Serve, write: Callable[[str, bytes], str]) -> None:
    own = Issued(by=ROOT)
    flags = ("--tls-certificate", write("chain.pem", own.pem), "--tls-key", write("key.pem", own.key_pem))
    ca, other = write("ca.pem", b"\xef\xbb\xbf" + ROOT.pem.replace(b"\n", b"\r\n")), write("o.pem", authority().pem)
    unrelated = write("u.pem", authority(common_name="another root").pem)
    secure, plain = serve(*flags).address, serve().address
    mutual = serve(*flags, "--tls-client-ca", ca).address
    names = {address: f"localhost:{address.rpartition(':')[2]}" for address in (secure, plain, mutual)}
    assert health(names[secure], "--tls-ca", ca) == (0, f"{names[secure]}: SERVING\n", "")
    with held_address() as nobody:
        for arguments, reason in (
            ((secure,), "the program at this address closed the connection: it may require TLS"),
            ((names[secure], "--tls-ca", other), "the server's certificate is of an authority that is not in --tls-ca"),
            (
                (names[secure], "--tls-ca", unrelated),
                "the server's certificate is of an authority that is not in",
            ),
            ((secure, "--tls-ca", ca), "the server's certificate is for other names: ask by one that it holds"),
            ((names[plain], "--tls-ca", ca), "the program at this address does not use TLS"),
            ((names[mutual], "--tls-ca", ca), "it may require --tls-client-certificate and --tls-client-key"),
            ((nobody,), "no program listens at this address: is the server running"),
        ):
            code, said, why = health(*arguments)
            assert (code, said, why.count("\n")) == (1, "", 1)
            assert why.startswith(f"synthserve-health: {arguments[0]}: UNAVAILABLE: ")
            assert reason in why
    described = {
        "SYNTHSERVE_LISTEN": secure,
        "SYNTHSERVE_TLS_CERTIFICATE": write("new.pem", Issued().pem),
        "SYNTHSERVE_TLS_KEY": write("new-key.pem", Issued().key_pem),
    }
    assert "has another certificate than the settings name" in health(**described)[2]


@pytest.mark.parametrize(
    ("certificate", "key", "reason"),
    [
        ((one := Issued()).pem, one.written_key(PrivateFormat.PKCS8, b"x"), "has a password"),
        ((one := Issued("ed25519")).pem, one.key_pem, "has a kind of key that is not supported, Ed25519"),
        ((one := Issued()).pem, Issued().key_pem, "the key is that of another certificate"),
        ((one := Issued(last=-0.5)).pem, one.key_pem, "has expired"),
        (
            (one := Issued(extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)])).pem,
            one.key_pem,
            "is not for clients (clientAuth)",
        ),
    ],
)
def test_a_certificate_of_its_own_that_no_server_would_take(
    write: Callable[[str, bytes], str], certificate: bytes, key: bytes, reason: str
) -> None:
    pair = ("--tls-client-certificate", write("c.pem", certificate), "--tls-client-key", write("k.pem", key))
    code, said, why = health("localhost:1", *pair, "--tls-ca", write("ca.pem", ROOT.pem))
    assert (code, said, why.count("\n")) == (1, "", 1)
    assert reason in why


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_wide_settings_and_authorities_are_refused_by_name(write: Callable[[str, bytes], str], encoding: str) -> None:
    code, _, why = health("--config", write("server.toml", "workers = 3\n".encode(encoding)))
    assert (code, why.count("\n")) == (2, 1)
    assert "server.toml is UTF-16 or UTF-32 text, not UTF-8" in why
    code, _, why = health("localhost:1", "--tls-ca", write("ca.pem", ROOT.pem.decode().encode(encoding)))
    assert (code, why.count("\n")) == (1, 1)
    assert "ca.pem is UTF-16 or UTF-32 text, not UTF-8" in why


@pytest.mark.parametrize("seconds", ["inf", "1e10", "1e300"])
def test_a_very_long_time_is_no_short_one(serve: Serve, seconds: str) -> None:
    assert health(serve().address, "--timeout", seconds)[0] == 0


def test_times_that_are_none_are_refused() -> None:
    for seconds in ("nan", "0", "-1", "soon"):
        code, _, why = health("localhost:1", "--timeout", seconds)
        assert code == 2
        assert "--timeout" in why
        assert "Traceback" not in why


def test_a_free_port_cannot_be_asked() -> None:
    code, _, why = health(SYNTHSERVE_LISTEN="127.0.0.1:0")
    assert (code, why.count("\n")) == (2, 1)
    assert "let the server choose a free port" in why
