from pathlib import Path

import psutil
from tests.fixtures.processes import running_server
from tests.load.memory import ALLOWED_MIB, growth, resident_memory


def test_memory_stays_flat(repository: Path, tmp_path: Path) -> None:
    with running_server(repository, tmp_path / "log.txt", "--workers", "2") as server:
        process = psutil.Process(server.process.pid)
        assert growth(resident_memory(server.address, process, "tiny-table", 4_000_000)) <= ALLOWED_MIB
