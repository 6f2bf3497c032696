"""Images encoded by other processes: the same bytes, whatever becomes of the processes."""

import signal
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from tests.fixtures.processes import running_server
from tests.fixtures.serving import wait_until

import synthserve
from synthserve_server.encoding.processes import EncodingProcesses

COUNT = 300


def images(address: str, model: str = "tiny-rgb", count: int = COUNT) -> list[bytes]:
    with synthserve.Client(address) as client:
        return [image.bytes for image in client.images(model, count=count, seed=5, images_per_message=50)]


def encoders(server: psutil.Process) -> list[psutil.Process]:
    """The encoding processes; another child of the server's keeps account of what they share."""
    return [child for child in server.children() if "spawn_main" in " ".join(child.cmdline())]


def replaced(server: psutil.Process, before: list[psutil.Process]) -> bool:
    now = encoders(server)
    return len(now) == len(before) and not {one.pid for one in now} & {one.pid for one in before}


@pytest.fixture(scope="module")
def expected(server_address: str) -> list[bytes]:
    return images(server_address)


def test_the_bytes_are_those_that_a_worker_makes(repository: Path, tmp_path: Path, expected: list[bytes]) -> None:
    with running_server(repository, tmp_path / "log.txt", "--encoding-processes", "2") as server:
        assert images(server.address) == expected
        assert len(encoders(psutil.Process(server.process.pid))) == 2


def test_streams_go_on_when_a_process_is_killed(repository: Path, tmp_path: Path, expected: list[bytes]) -> None:
    log = tmp_path / "log.txt"
    with running_server(repository, log, "--encoding-processes", "2") as server:
        process = psutil.Process(server.process.pid)
        assert images(server.address) == expected
        for _ in range(2):
            before = encoders(process)
            before[0].kill()
            assert images(server.address) == expected
            wait_until(partial(replaced, process, before))
        assert "an encoding process was killed" in log.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_server(repository: Path, tmp_path: Path, number: signal.Signals) -> None:
    with running_server(repository, tmp_path / "log.txt", "--encoding-processes", "2") as server:
        assert len(images(server.address)) == COUNT
        children = psutil.Process(server.process.pid).children(recursive=True)
        assert len(children) >= 2
        server.process.send_signal(number)
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive


def test_what_goes_wrong_there_is_raised_here() -> None:
    processes = EncodingProcesses(1)
    try:
        assert processes.do(int, "ff", base=16) == 255
        with pytest.raises(ValueError, match="invalid literal"):
            processes.do(int, "g", base=16)
    finally:
        processes.close()
