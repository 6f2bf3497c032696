from pathlib import Path

import psutil
from tests.fixtures.processes import running_server
from tests.load.connections import leaks


def test_nothing_is_left_of_short_connections(small: Path, tmp_path: Path) -> None:
    with running_server(small, tmp_path / "log.txt", "--workers", "2") as server:
        assert leaks(server.address, psutil.Process(server.process.pid), 350) == []
