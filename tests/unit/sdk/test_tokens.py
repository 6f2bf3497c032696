"""Where a token may be sent, and what a token is."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
import trustme

import synthserve
from synthserve._transport.headers import authorization

HERE = [
    "localhost",
    "localhost:1",
    "LocalHost:1",
    "127.0.0.1:1",
    "127.9.9.9",
    "[::1]:1",
    "::1",
    "dns:localhost:1",
    "dns:///localhost:1",
    "dns://8.8.8.8/localhost:1",
    "ipv4:127.0.0.1:1",
    "ipv4:127.0.0.1:1,127.0.0.2:1",
    "ipv6:[::1]:1",
    "unix:/run/s",
    "unix-abstract:s",
    "LOCALHOST:1",
    "[::ffff:127.0.0.1]:1",
    "::ffff:127.9.9.9",
]
ELSEWHERE = [
    "example.org:1",
    "localhost.example.org",
    "10.0.0.1:1",
    "[::2]:1",
    "::2",
    "dns:///example.org:1",
    "dns://127.0.0.1/example.org:1",
    "ipv4:127.0.0.1:1,10.0.0.1:1",
    "ipv6:[2001:db8::1]:1",
    "xds:///localhost",
    "vsock:2:1",
    "0.0.0.0:1",
    "foo.localhost:1",
    "127.0.0.1.example.org:1",
    "[::ffff:10.0.0.1]:1",
]
CLIENTS = [synthserve.Client, synthserve.AsyncClient]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("target", HERE)
def test_a_token_may_be_sent_in_plain_text_to_this_machine(client: type[synthserve.Client], target: str) -> None:
    client(target, token="t")  # noqa: S106 - of this test


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_token_is_not_sent_in_plain_text_to_another_machine(client: type[synthserve.Client], target: str) -> None:
    with pytest.raises(synthserve.InvalidRequest, match="in plain text") as caught:
        client(target, token="secret")  # noqa: S106 - of this test
    assert "secret" not in str(caught.value)
    client(target, token="t", insecure_token=True)  # noqa: S106 - of this test
    client(target, token="t", credentials=grpc.ssl_channel_credentials())  # noqa: S106 - of this test


@pytest.mark.parametrize("client", CLIENTS)
def test_one_token_is_enough(client: type[synthserve.Client]) -> None:
    with pytest.raises(synthserve.InvalidRequest, match="the metadata have `authorization` already"):
        client("localhost", token="t", metadata={"authorization": "Bearer u"})  # noqa: S106 - of this test


@pytest.mark.parametrize("client", CLIENTS)
def test_a_token_in_the_metadata_is_guarded_as_one(client: type[synthserve.Client]) -> None:
    header = {"authorization": "Bearer secret"}
    with pytest.raises(synthserve.InvalidRequest, match="in plain text") as caught:
        client("example.org", metadata=header)
    assert "secret" not in str(caught.value)
    client("example.org", metadata=header, insecure_token=True)
    client("localhost", metadata=header)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_no_token_is_told_when_the_client_is_made(client: type[synthserve.Client]) -> None:
    with pytest.raises(synthserve.InvalidRequest, match="token: must be a line of ASCII text"):
        client("localhost", token=7)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("written", [" abc\n", "abc\r\n", "\ufeffabc", "\ufeff abc\t\r\n"])
def test_what_editors_put_around_a_token_is_no_part_of_it(written: str) -> None:
    assert authorization(written) == ("authorization", "Bearer abc")


@pytest.mark.parametrize("token", ["", " \n", "secret\nX: y", "secret\x00", "secreté", None, b"secret", 7])
def test_what_is_no_token_is_told_without_it(token: object) -> None:
    with pytest.raises(synthserve.InvalidRequest, match=r"^token: must be a line of ASCII text$"):
        authorization(token)


def test_tls_files_that_cannot_work_are_told_before_a_connection(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca, certificate, key, other, nonsense = (tmp_path / name for name in ("ca", "chain", "key", "other", "no"))
    one, two = (authority.issue_cert("client@example.org") for _ in range(2))
    authority.cert_pem.write_to_path(ca)
    one.cert_chain_pems[0].write_to_path(certificate)
    one.private_key_pem.write_to_path(key)
    two.private_key_pem.write_to_path(other)
    nonsense.write_text("secret")
    assert isinstance(synthserve.tls_credentials(), grpc.ChannelCredentials)
    assert isinstance(synthserve.tls_credentials(str(ca), certificate=certificate, key=key), grpc.ChannelCredentials)
    for files in ({"certificate": certificate}, {"key": key}):
        with pytest.raises(synthserve.InvalidRequest, match="certificate and key go together"):
            synthserve.tls_credentials(ca, **files)
    for pair, why in (
        ((certificate, other), "certificate: is not a certificate with its key: they do not belong together"),
        ((nonsense, key), "certificate: holds no PEM certificate"),
        ((certificate, nonsense), "key: holds no PEM private key"),
        ((key, certificate), "key: holds no PEM private key; it holds a certificate"),
        ((key, key), "certificate: holds no PEM certificate; it holds a private key"),
    ):
        with pytest.raises(synthserve.InvalidRequest, match=why) as caught:
            synthserve.tls_credentials(ca, certificate=pair[0], key=pair[1])
        assert "secret" not in str(caught.value)
    with pytest.raises(synthserve.InvalidRequest, match="holds no PEM certificate"):
        synthserve.tls_credentials(nonsense)
    with pytest.raises(FileNotFoundError):
        synthserve.tls_credentials(tmp_path / "gone")
