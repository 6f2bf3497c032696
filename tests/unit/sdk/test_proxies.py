"""Which proxy gRPC takes for a target, and that a client takes none where that would be wrong."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest

import synthserve
from synthserve._transport.connection import Connection
from synthserve._transport.proxies import find_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy")


class FakeProxy:
    """A proxy that refuses, and keeps what it was asked."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:secret@127.0.0.1:{self._listener.getsockname()[1]}"
        self.received: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.received.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it is closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProxy]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    fake = FakeProxy()
    yield fake
    fake.close()


def asked(target: str, options: tuple[tuple[str, str | int], ...] = ()) -> None:
    """Has gRPC connect, without this package."""
    with grpc.insecure_channel(target, (*options, ("grpc.enable_retries", 0))) as channel:
        call: Any = channel.unary_unary("/a/b")
        with pytest.raises(grpc.RpcError):
            call(b"", timeout=10)


@pytest.mark.parametrize(
    ("target", "environment"),
    [
        ("nowhere.invalid:1", {"http_proxy": "PROXY"}),
        ("nowhere.invalid:1", {"https_proxy": "PROXY"}),
        ("nowhere.invalid:1", {"grpc_proxy": "PROXY"}),
        ("dns:///nowhere.invalid:1", {"http_proxy": "PROXY"}),
        ("127.0.0.1:1", {"http_proxy": "PROXY"}),
        ("nowhere.invalid:1", {"HTTP_PROXY": "PROXY"}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "grpc_proxy": ""}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "https_proxy": ""}),
        ("nowhere.invalid:1", {"http_proxy": "socks5://127.0.0.1:1"}),
        ("nowhere.invalid:1", {"http_proxy": "127.0.0.1:1"}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "no_proxy": "other, .INVALID"}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "no_proxy": "nowhere.invalid:1"}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "no_proxy": "*"}),
        ("nowhere.invalid:1", {"http_proxy": "PROXY", "no_proxy": ".invalid", "no_grpc_proxy": "other"}),
        ("127.0.0.1:1", {"http_proxy": "PROXY", "no_proxy": "127.0.0.0/8"}),
        ("127.0.0.1:1", {"http_proxy": "PROXY", "no_proxy": "10.0.0.0/8,::1"}),
        ("unix:nowhere", {"http_proxy": "PROXY"}),
    ],
)
def test_the_rules_are_those_of_grpc(
    proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch, target: str, environment: dict[str, str]
) -> None:
    environment = {name: value.replace("PROXY", proxy.url) for name, value in environment.items()}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    asked(target)
    found = find_proxy(target, environment)
    assert bool(proxy.received) == (found is not None)
    if found:
        assert found.address == proxy.url.replace("user:secret@", "")


def test_an_argument_of_the_channel_comes_before_the_environment(proxy: FakeProxy) -> None:
    asked("nowhere.invalid:1", (("grpc.http_proxy", proxy.url),))
    assert len(proxy.received) == 1
    found = find_proxy("nowhere.invalid:1", {"grpc_proxy": "http://other:1"}, {"grpc.http_proxy": proxy.url})
    assert found is not None
    assert found.source == "grpc.http_proxy"


def use(client: synthserve.Client) -> str:
    with client, pytest.raises(synthserve.Unavailable) as caught:
        client.models(timeout=20)
    return str(caught.value)


HERE = ["localhost:1", "127.0.0.1:1", "[::1]:1", "LOCALHOST:1", "dns:///localhost:1", "ipv4:127.0.0.1:1"]
NO_RETRIES = synthserve.RetryPolicy(start_attempts=1)


@pytest.mark.parametrize("target", HERE)
@pytest.mark.parametrize("options", [(), (("grpc.enable_http_proxy", 1),), (("grpc.http_proxy", "PROXY"),)])
def test_what_is_for_this_machine_meets_no_proxy(
    proxy: FakeProxy,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    options: tuple[tuple[str, str | int], ...],
) -> None:
    for name in VARIABLES[:3]:
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("GRPC_ADDRESS_HTTP_PROXY", proxy.url.rpartition("@")[2])
    monkeypatch.setenv("GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES", "127.0.0.1/32,::1/128")
    given = [(name, proxy.url if value == "PROXY" else value) for name, value in options]
    said = use(synthserve.Client(target, token="secret", retry=NO_RETRIES, options=given))  # noqa: S106 - of this test
    assert "no server at" in said
    assert proxy.received == []


@pytest.mark.parametrize("given", [{"token": "secret"}, {"metadata": {"authorization": "Bearer secret"}}])
def test_a_token_in_plain_text_meets_no_proxy(
    proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    said = use(synthserve.Client("nowhere.invalid:1", insecure_token=True, retry=NO_RETRIES, **given))  # type: ignore[arg-type]  # by name
    assert said == "cannot find the host of 'nowhere.invalid:1': check the address"
    assert proxy.received == []


def test_an_error_names_the_proxy_and_not_its_password(proxy: FakeProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy.url)
    said = use(synthserve.Client("nowhere.invalid:1", retry=NO_RETRIES))
    shown = proxy.url.replace("user:secret@", "")
    assert said == f"the proxy {shown} (https_proxy) does not connect to nowhere.invalid:1: it answered 403"
    assert b"CONNECT nowhere.invalid:1" in proxy.received[0]
    proxy.close()
    said = use(synthserve.Client("elsewhere.invalid:1", retry=NO_RETRIES))
    assert said == (
        f"no proxy at {shown} (https_proxy) (connection refused), through which elsewhere.invalid:1 is to be reached: "
        "check it"
    )
    monkeypatch.setenv("https_proxy", "http://nobody.invalid:3128")
    said = use(synthserve.Client("10.0.0.1:1", retry=NO_RETRIES))
    assert said == "cannot find the host of the proxy http://nobody.invalid:3128 (https_proxy): check the address"


def test_both_clients_connect_in_the_same_way() -> None:
    variants: list[dict[str, Any]] = [{"token": "t"}, {}]
    for given in variants:
        connections = [
            client("localhost:1", **given)._caller.connection for client in (synthserve.Client, synthserve.AsyncClient)
        ]
        assert connections[0] == connections[1]
        assert isinstance(connections[0], Connection)
