import pytest
from tests.load.open_loop.errors import TargetError
from tests.load.open_loop.target import check_allowed


@pytest.mark.parametrize("address", ["localhost:1", "127.0.0.1:50051", "127.9.9.9:80", "[::1]:50051", "LOCALHOST:9"])
def test_this_machine_may_be_loaded(address: str) -> None:
    check_allowed(address, allow_remote=False)


@pytest.mark.parametrize(
    "address", ["example.org:50051", "10.0.0.1:50051", "0.0.0.0:50051", "[2001:db8::1]:1", "localhost.example.org:1"]
)
def test_another_machine_must_be_asked_for(address: str) -> None:
    with pytest.raises(TargetError, match="--allow-remote"):
        check_allowed(address, allow_remote=False)
    check_allowed(address, allow_remote=True)


@pytest.mark.parametrize(
    "address", ["localhost", "localhost:", "localhost:0", "localhost:65536", "dns:///localhost:1", "unix:/tmp/s", ""]
)
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(TargetError, match="HOST:PORT"):
        check_allowed(address, allow_remote=True)
