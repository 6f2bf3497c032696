"""Images encoded by other processes: the same bytes, whatever becomes of the processes."""

import os
import signal
import sys
from contextlib import suppress
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
    found = []
    for child in server.children():
        with suppress(psutil.NoSuchProcess):  # also of those that have ended and are not waited for yet
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


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


@pytest.mark.parametrize("number", [1, 2])
def test_streams_go_on_when_processes_are_killed(
    repository: Path, tmp_path: Path, expected: list[bytes], number: int
) -> None:
    log = tmp_path / "log.txt"
    with running_server(repository, log, "--encoding-processes", "2") as server:
        process = psutil.Process(server.process.pid)
        assert images(server.address) == expected
        before = encoders(process)
        for killed in before[:number]:
            killed.kill()
        while not replaced(process, before):
            assert images(server.address) == expected
        assert log.read_text().count("an encoding process was killed") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_to_the_server_s_group_do_not_reach_them(
    repository: Path, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log.txt"
    with running_server(repository, log, "--encoding-processes", "2") as server:
        assert len(images(server.address)) == COUNT
        children = encoders(psutil.Process(server.process.pid))
        assert len(children) == 2
        # One may have encoded all images before the other was ready for any.
        wait_until(lambda: all(os.getpgid(child.pid) == child.pid for child in children))
        server.process.send_signal(number)
        server.process.wait()
    assert "Traceback" not in log.read_text()
    assert "killed" not in log.read_text()


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


def test_who_asks_works_alone_where_no_process_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("multiprocessing.popen_spawn_posix.Popen", full)
    processes = EncodingProcesses(2)
    assert [processes.do(int, "ff", base=16) for _ in range(3)] == [255] * 3
    processes.close()


def test_what_goes_wrong_there_is_raised_here() -> None:
    processes = EncodingProcesses(1)
    try:
        assert processes.do(int, "ff", base=16) == 255
        with pytest.raises(ValueError, match="invalid literal"):
            processes.do(int, "g", base=16)
    finally:
        processes.close()
