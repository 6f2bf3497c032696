"""Taking addresses, with real sockets."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from synthserve_server.settings.addresses import Address
from synthserve_server.system import listening
from synthserve_server.system.listening import ListenError


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


LOCAL = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]
"""What `localhost` means on this machine."""

PAIRS = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "localhost"),
    ("localhost", "127.0.0.1"),
    ("localhost", "localhost"),
    ("127.0.0.1", "0.0.0.0"),  # noqa: S104 - the port is free for a moment only
    ("0.0.0.0", "127.0.0.1"),  # noqa: S104
    ("127.0.0.1", "::ffff:127.0.0.1"),
]
IPV6_PAIRS = [
    ("::1", "localhost"),
    ("localhost", "::1"),
    ("0.0.0.0", "::"),  # noqa: S104
    ("::", "0.0.0.0"),  # noqa: S104
    ("::", "127.0.0.1"),
    ("::", "localhost"),
    ("::1", "::"),
]

Take = Callable[[str, int], list[tuple[str, int]]]


@pytest.fixture
def take() -> Iterator[Take]:
    """Takes an address and listens there, as a server does; gives the places."""
    taken: list[socket.socket] = []

    def one(host: str, port: int) -> list[tuple[str, int]]:
        sockets = listening.bound(Address(host, port))
        taken.extend(sockets.values())
        for each in sockets.values():
            each.listen()
        return [(host, each.getsockname()[1]) for host, each in sockets.items()]

    yield one
    for each in taken:
        each.close()


def test_localhost_means_both_families_with_one_port(take: Take) -> None:
    places = take("LocalHost", 0)
    assert [host for host, _ in places] == LOCAL
    assert len({port for _, port in places}) == 1
    for host, port in places:
        with socket.create_connection((host, port)):
            pass


@pytest.mark.parametrize(("first", "second"), PAIRS + (IPV6_PAIRS if has_ipv6() else []))
def test_two_servers_never_share_a_port(take: Take, first: str, second: str) -> None:
    ((_, port), *_) = take(first, 0)
    with pytest.raises(ListenError) as caught:
        take(second, port)
    assert str(caught.value) == (
        f"cannot listen on {Address(second, port)}: the port is taken: stop the program that listens on it, or choose "
        "another (Address already in use)"
    )


def test_a_port_that_is_half_taken_leaves_nothing_behind(take: Take) -> None:
    ((_, port),) = take(LOCAL[-1], 0)
    with pytest.raises(ListenError):
        take("localhost", port)
    for host in LOCAL[:-1]:
        assert take(host, port) == [(host, port)]


def test_connections_that_have_ended_do_not_keep_a_port(take: Take) -> None:
    with closing(listening.bound(Address("127.0.0.1", 0))["127.0.0.1"]) as server:
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the server's end waits for a minute now
    assert take("127.0.0.1", port)


def test_addresses_that_the_machine_does_not_have_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_hosts", lambda _: ["192.0.2.1", "127.0.0.1"])
    sockets = listening.bound(Address("two.example", 0))
    assert list(sockets) == ["127.0.0.1"]
    sockets["127.0.0.1"].close()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        (Address("192.0.2.1", 0), "this machine does not have the address (Cannot assign requested address)"),
        (Address("no-such-host.invalid", 1), "cannot find the host no-such-host.invalid: "),
        (Address("a..b", 1), "cannot find the host a..b: "),
        (Address("x" * 64 + ".example", 1), "cannot find the host xxx"),
    ],
)
def test_why_an_address_cannot_be_had(address: Address, why: str) -> None:
    with pytest.raises(ListenError) as caught:
        listening.bound(address)
    assert str(caught.value).startswith(f"cannot listen on {address}: {why}")


def test_low_ports_are_for_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> socket.socket:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(listening, "_socket", forbidden)
    with pytest.raises(ListenError, match=r":80: choose a port from 1024, .* \(Permission denied\)"):
        listening.bound(Address("127.0.0.1", 80))
    with pytest.raises(ListenError, match=r":8080: Permission denied$"):
        listening.bound(Address("127.0.0.1", 8080))


def test_a_port_that_is_free_at_every_address_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make = listening._socket
    refused: list[int] = []

    def unlucky(host: str, port: int) -> socket.socket:
        if host == "127.0.0.2" and len(refused) < 3:
            refused.append(port)
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return make(host, port)

    monkeypatch.setattr(listening, "_hosts", lambda _: ["127.0.0.1", "127.0.0.2"])
    monkeypatch.setattr(listening, "_socket", unlucky)
    sockets = listening.bound(Address("two.example", 0))
    assert len(refused) == 3
    for one in sockets.values():
        one.close()


def test_grpc_is_given_every_address_and_the_wildcard_of_both_families() -> None:
    found = listening.places(Address("localhost", 0))
    assert [place.host for place in found] == LOCAL
    assert len({place.port for place in found}) == 1
    assert (found[0].port == 0) == (len(found) == 1)
    assert listening.places(Address("127.0.0.1", 0)) == [Address("127.0.0.1", 0)]
    (wildcard,) = listening.places(Address("0.0.0.0", 0))  # noqa: S104 - nothing listens
    assert wildcard.is_wildcard
    assert (wildcard.host == "::") == socket.has_dualstack_ipv6()
