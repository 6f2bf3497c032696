"""Images encoded by other processes: the same pixels, whatever becomes of the processes."""

import gc
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import PIL.Image
import psutil
import pytest
from scripts.server_process import ServerProcess
from tests.fixtures import packages
from tests.fixtures.processes import running_server
from tests.fixtures.serving import wait_until

import synthserve
from synthserve.v1.generation_pb2 import GenerateImagesResponse, ImageStreamInfo
from synthserve_core.encoding.images import Format
from synthserve_server.scheduling import encoding_processes as processes
from synthserve_server.scheduling.encoding_processes import EncodingProcesses
from synthserve_server.services.generation.image_encoder import ImageEncoder

COUNT = 300
SIZE = 64
ONCE = synthserve.RetryPolicy(start_attempts=1, resume_attempts=1)
SLEEPER = "import time; time.sleep(3600)"
FLAGS = ("--workers", "4", "--encoding-processes", "2", "--grace-seconds", "1")

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc of Linux")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    graph, manifest = packages.image_graph(SIZE, SIZE, 3), packages.image_manifest(SIZE, SIZE, 3)
    packages.write_package(root, "pictures", graph, manifest)
    return root


@pytest.fixture
def one() -> Iterator[EncodingProcesses]:
    """One process, that will be replaced at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "_PAUSE_SECONDS", 0)
        encoding = EncodingProcesses(1)
        yield encoding
        encoding.close()
        assert not encoders(psutil.Process())


def pixels(address: str, file_format: Literal["png", "raw"] = "png") -> list[bytes]:
    with synthserve.Client(address, retry=ONCE) as client:
        found = client.images("pictures", count=COUNT, seed=5, images_per_message=100, format=file_format)
        return [image.to_pil().tobytes() for image in found]


def encoders(
    server: psutil.Process, argument: str = "synthserve_server.scheduling.encoding_child"
) -> list[psutil.Process]:
    """Its children with that argument: where tests ask, they have others of the session's."""
    found = []
    for child in server.children():
        with suppress(psutil.NoSuchProcess):  # also of those that have ended and are not waited for yet
            if argument in child.cmdline():
                found.append(child)
    return found


def kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


def open_pipes() -> int:
    """How many ends of pipes this process holds, without those that are only not collected yet."""
    gc.collect()
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith("pipe:") for link in links)


def started(encoding: EncodingProcesses) -> psutil.Process:
    """The process that does the work, once there is one."""
    while (pid := encoding.do(os.getpid)) == os.getpid():
        time.sleep(0.01)
    return psutil.Process(pid)


@contextmanager
def running(read: Callable[[threading.Event], None]) -> Iterator[None]:
    """Two threads that read until they are told to stop."""
    stop = threading.Event()
    threads = [threading.Thread(target=read, args=(stop,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def load(server: ServerProcess) -> Iterator[list[int]]:
    """Streams of images, one after another in each thread: all have the right pixels.

    Yields:
        A list that grows with each stream that was read to its end.
    """
    expected = pixels(server.address, "raw")  # which the workers encode
    done: list[int] = []
    wrong: list[str] = []

    def read(stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                if pixels(server.address) != expected:
                    wrong.append("other pixels")
                done.append(COUNT)
        except synthserve.SynthserveError as error:
            wrong.append(str(error))

    with running(read):
        yield done
    assert not wrong


@contextmanager
def endless(server: ServerProcess) -> Iterator[None]:
    """Streams that end with the server."""

    def read(stop: threading.Event) -> None:
        with synthserve.Client(server.address, retry=ONCE) as client, suppress(synthserve.SynthserveError):
            for _ in client.images("pictures", seed=5, images_per_message=100):
                if stop.is_set():
                    break

    with running(read):
        yield


def more(done: list[int]) -> None:
    """Waits until some more streams have come to their end."""
    enough = len(done) + 3
    wait_until(lambda: len(done) >= enough)


@linux
def test_streams_go_on_when_a_process_is_killed_in_the_middle_of_its_answer(models: Path, tmp_path: Path) -> None:
    with running_server(models, tmp_path / "log.txt", *FLAGS) as server:
        process = psutil.Process(server.process.pid)
        with load(server) as done:
            more(done)
            # While the server stands still, a process that has an answer gets stuck with as much as a pipe holds.
            while True:
                process.suspend()
                wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
                time.sleep(0.1)
                try:
                    if stuck := [encoder for encoder in encoders(process) if unread(encoder) >= 1 << 15]:
                        stuck[0].kill()
                finally:
                    process.resume()
                if stuck:
                    break
                more(done)
            more(done)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0


def unread(encoder: psutil.Process) -> int:
    """How many bytes it has written that the server has not read."""
    import fcntl
    import termios

    for link in Path(f"/proc/{encoder.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # of a process that is only starting
            if int(link.name) > 2 and str(link.readlink()).startswith("pipe:"):
                with link.open("rb", buffering=0) as pipe:
                    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
    return 0


@linux
def test_streams_go_on_while_processes_are_killed_again_and_again(models: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with running_server(models, log, *FLAGS) as server, load(server) as done:
        for process in working(server):
            process.kill()
            more(done)
        working(server)[0].kill()
        more(done)
    assert "Traceback" not in log.read_text()
    assert log.read_text().count("an encoding process has ended") == 3


def working(server: ServerProcess) -> list[psutil.Process]:
    """The encoders, once there are two that have answered."""

    def found() -> list[psutil.Process]:
        return [process for process in encoders(psutil.Process(server.process.pid)) if answered(process)]

    wait_until(lambda: len(found()) == 2)
    return found()


def answered(encoder: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return int(encoder.io_counters().write_chars) > 1 << 20
    return False


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_that_is_ended_with_all_its_processes_drains(
    models: Path, tmp_path: Path, number: signal.Signals
) -> None:
    log = tmp_path / "log.txt"
    with running_server(models, log, *FLAGS) as server, endless(server):
        children = working(server)
        for one in (psutil.Process(server.process.pid), *children):
            one.send_signal(number)
        assert server.process.wait(60) == 0
        assert not psutil.wait_procs(children, timeout=60)[1]
    assert "Traceback" not in log.read_text()
    assert "an encoding process" not in log.read_text()


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_server(models: Path, tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log.txt"
    with running_server(models, log, *FLAGS) as server, endless(server):
        children = working(server)
        assert psutil.Process(server.process.pid).children(recursive=True) == children
        server.process.send_signal(number)
        assert not psutil.wait_procs(children, timeout=60)[1]
    assert "Traceback" not in log.read_text()
    assert "an encoding process" not in log.read_text()


@pytest.mark.parametrize("file_format", [Format.PNG, Format.JPEG])
def test_the_pixels_are_those_that_a_worker_makes(one: EncodingProcesses, file_format: Format) -> None:
    def decoded(response: bytes) -> list[bytes]:
        images = GenerateImagesResponse.FromString(response).images
        return [PIL.Image.open(io.BytesIO(data)).tobytes() for data in images]

    drawn = np.random.default_rng(0).integers(0, 256, (40, 30, 20, 3), np.uint8)
    made = ImageEncoder(7, ImageStreamInfo().SerializeToString(), file_format, 95, "mark", "")
    started(one)
    assert decoded(one.do(made.response, drawn, 7)) == decoded(made.response(drawn, 7))


def test_nobody_waits_for_a_process_that_is_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_COMMAND", [sys.executable, "-c", SLEEPER])
    encoding = EncodingProcesses(2)
    work = partial(len, bytes(1 << 20))  # more than a pipe holds
    assert [encoding.do(work) for _ in range(3)] == [1 << 20] * 3
    wait_until(lambda: len(encoders(psutil.Process(), SLEEPER)) == 2)
    encoding.close()
    assert not encoders(psutil.Process(), SLEEPER)
    assert encoding.do(work) == 1 << 20
    encoding.close()


@posix
def test_nobody_waits_for_a_process_that_is_busy(one: EncodingProcesses, tmp_path: Path) -> None:
    process = started(one)
    os.mkfifo(tmp_path / "pipe")
    reading = threading.Thread(target=one.do, args=(Path.read_bytes, tmp_path / "pipe"))
    reading.start()
    with (tmp_path / "pipe").open("wb"):  # which waits until somebody reads
        assert one.do(os.getpid) == os.getpid()
    reading.join()
    assert one.do(os.getpid) == process.pid


@linux
@pytest.mark.parametrize("pipes", range(3))
def test_who_asks_works_alone_where_no_process_starts(
    one: EncodingProcesses, monkeypatch: pytest.MonkeyPatch, pipes: int
) -> None:
    def pipe() -> tuple[int, int]:
        left.append(1)
        if len(left) > pipes:
            failed.set()
            raise OSError(24, "Too many open files")
        return make()

    make, left, failed = os.pipe, list[int](), threading.Event()
    before = open_pipes()
    with monkeypatch.context() as patch:
        patch.setattr("os.pipe", pipe)
        assert one.do(int, "ff", base=16) == 255
        failed.wait()
    started(one)
    assert open_pipes() == before + 2


def test_who_asks_works_alone_where_no_thread_starts(one: EncodingProcesses, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", full)
        assert [one.do(int, "ff", base=16) for _ in range(3)] == [255] * 3
    assert started(one)


def test_who_asks_works_alone_where_the_process_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_COMMAND", [sys.executable, "-c", "pass"])
    encoding = EncodingProcesses(1)
    assert encoding.do(int, "ff", base=16) == 255
    wait_until(lambda: not encoders(psutil.Process(), "pass"))
    assert encoding.do(int, "ff", base=16) == 255
    encoding.close()


@linux
def test_what_is_killed_leaves_nothing_behind(one: EncodingProcesses) -> None:
    process = started(one)
    held = open_pipes()
    for _ in range(3):
        kill(process)
        process.wait()
        assert one.do(int, "ff", base=16) == 255
        after = started(one)
        assert after.pid != process.pid
        assert encoders(psutil.Process()) == [after]
        process = after
    assert open_pipes() == held


@posix
def test_supervisors_signals_leave_them_alone(one: EncodingProcesses) -> None:
    process = started(one)
    assert os.getsid(process.pid) == process.pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
        assert one.do(os.getpid) == process.pid


def test_what_is_printed_does_not_get_between_the_answers(one: EncodingProcesses) -> None:
    process = started(one)
    one.do(print, "a word", flush=True)
    one.do(os.write, 1, b"another\n")
    assert one.do(os.getpid) == process.pid


FAILURE = """
import __main__
class Unreadable(Exception):
    __module__ = "__main__"
    def __init__(self, first, second):
        super().__init__(first + second)
__main__.Unreadable = Unreadable
raise Unreadable("one and ", "two")
"""
"""Raises what cannot be made again of its arguments."""


def test_what_goes_wrong_there_is_raised_here(one: EncodingProcesses) -> None:
    process = started(one)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        one.do(int, "g", base=16)
    assert "In an encoding process" in "".join(caught.value.__notes__)
    with pytest.raises(RuntimeError, match="Unreadable: one and two"):
        one.do(exec, FAILURE)
    with pytest.raises(TypeError, match="cannot pickle"):
        one.do(threading.Lock)
    assert one.do(os.getpid) == process.pid
