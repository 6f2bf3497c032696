"""The wall clock of a server jumps, by libfaketime, while its streams run: nothing that it promises hangs on it."""

import io
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fixtures.processes import ServerProcess, log_with, running_server

import synthserve

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
ROWS = 300_000
"""More than what may be under way to a client that does not read."""

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime (the Debian package faketime)")


class Clock:
    """The wall clock of a process."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """Sets it to the real time and an offset, such as `-1h`."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self.file)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="module")
def server(repository: Path, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(LIBRARY))
        patch.setenv("FAKETIME_TIMESTAMP_FILE", str(clock.file))
        patch.setenv("FAKETIME_NO_CACHE", "1")
        # What jumps in life is the wall clock; the monotonic one does not.
        patch.setenv("DONT_FAKE_MONOTONIC", "1")
        running = running_server(repository, tmp_path_factory.mktemp("server") / "log.txt")
        started = running.__enter__()
    yield started
    running.__exit__(None, None, None)


@pytest.mark.parametrize("offset", ["+1h", "-1h", "+400d", "-30d"])
def test_streams_and_deadlines_do_not_see_a_jump(server: ServerProcess, clock: Clock, offset: str) -> None:
    clock.jump("+0")
    with synthserve.Client(server.address) as client:
        expected = client.rows("tiny-table", count=ROWS, seed=7).to_arrow()
        batches = client.rows("tiny-table", count=ROWS, seed=7, timeout=60).batches()
        first = next(batches)

        clock.jump(offset)
        rows = [row for batch in itertools.chain([first], batches) for row in batch.to_pylist()]

        assert rows == expected.to_pylist()
        assert client.models(timeout=60)
        with pytest.raises(synthserve.DeadlineExceeded):
            client.rows("slow", timeout=1).to_csv(io.BytesIO())


def test_the_clock_that_the_server_sees_jumps(server: ServerProcess, clock: Clock) -> None:
    clock.jump("+400d")
    day = datetime.now(UTC) + timedelta(days=400)

    with synthserve.Client(server.address) as client:
        client.rows("tiny-table", count=1).to_arrow()

    log_with(server, f"{day:%Y-%m-%d}T")
