"""HOST:PORT, as people write it."""

import pytest

from synthserve_server.settings import addresses
from synthserve_server.settings.addresses import Address


@pytest.mark.parametrize(
    ("text", "address", "written"),
    [
        ("127.0.0.1:50051", Address("127.0.0.1", 50051), "127.0.0.1:50051"),
        ("[::1]:0", Address("::1", 0), "[::1]:0"),
        ("::1:50055", Address("::1", 50055), "[::1]:50055"),
        (":::1", Address("::", 1), "[::]:1"),
        ("fe80::1%eth0:7", Address("fe80::1%eth0", 7), "[fe80::1%eth0]:7"),
        ("LOCALHOST:65535", Address("LOCALHOST", 65535), "LOCALHOST:65535"),
        ("my-host.example.org:00080", Address("my-host.example.org", 80), "my-host.example.org:80"),
        ("bücher.example:1", Address("bücher.example", 1), "bücher.example:1"),
    ],
)
def test_what_can_be_listened_on(text: str, address: Address, written: str) -> None:
    assert addresses.parse(text) == address
    assert str(address) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "must be HOST:PORT"),
        ("50051", "must be HOST:PORT"),
        (":50051", "the host is missing; 127.0.0.1:50051 is for this machine only, 0.0.0.0:50051 for all"),
        ("localhost:", "from 0 (a free one) to 65535, not ''"),
        ("h:70000", "not '70000'"),
        ("h:65536", "not '65536'"),
        ("h:-1", "not '-1'"),
        ("h:+1", "not '+1'"),
        ("h:1e3", "not '1e3'"),
        ("h:0x50", "not '0x50'"),
        ("h: 1", "not ' 1'"),
        ("h:1 ", "not '1 '"),
        ("h:1\n", "not '1\\n'"),
        ("h:٥٠", "not '٥٠'"),
        ("h:²", "not '²'"),
        ("h:" + "9" * 5000, "from 0 (a free one) to 65535"),
        (" h:1", "' h' is neither a host name nor an IP address"),
        ("a b:1", "'a b' is neither a host name"),
        ("*:1", "'*' is neither a host name"),
        ("::1", "an IPv6 address and a port are written [::1]:50051"),
        ("[::1]", "the port is missing, as in [::1]:50051"),
        ("[localhost]:1", "'localhost' is neither a host name nor an IP address; an IPv6 address"),
        ("2001:db8:0:0:0:0:0:1", "an IPv6 address and a port are written [::1]:50051"),
        ("http://localhost:1", "leave out the scheme"),
        ("unix:/run/synthserve", "Unix sockets are not served"),
    ],
)
def test_what_cannot(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="must be HOST:PORT") as caught:
        addresses.parse(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "LocalHost", "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"]
)
def test_hosts_that_only_this_machine_can_reach(host: str) -> None:
    assert Address(host, 1).is_loopback


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104 - compared with, not listened on
        "::",
        "::ffff:0.0.0.0",
        "foo.localhost",
        "localhost.",
        "127.0.0.1.example.org",
        "127.1",
        "ip6-localhost",
        "h",
    ],
)
def test_hosts_that_others_can_reach_or_may_one_day(host: str) -> None:
    assert not Address(host, 1).is_loopback


def test_wildcards() -> None:
    assert [Address(host, 1).is_wildcard for host in ("0.0.0.0", "::", "::ffff:0.0.0.0")] == [True] * 3  # noqa: S104
    assert [Address(host, 1).is_wildcard for host in ("127.0.0.1", "localhost", "::1")] == [False] * 3
