"""Servers whose standard streams are closed, full, or read by nobody."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from tests.fixtures.processes import SERVER
from tests.fixtures.serving import seconds_computed, wait_until

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub


@dataclass(frozen=True)
class Started:
    process: subprocess.Popen[bytes]
    address: str

    def generates(self) -> bool:
        with grpc.insecure_channel(self.address) as channel:
            request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7, count=100)
            return sum(answer.row_count for answer in GenerationServiceStub(channel).GenerateRows(request)) == 100

    def ends(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


Start = Callable[..., Started]


@pytest.fixture
def start(small: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts a server by way of a shell, which redirects its streams as it is told."""
    processes: list[subprocess.Popen[bytes]] = []

    def begin(redirection: str, *flags: str, **options: Any) -> Started:
        file = tmp_path / "port"
        settings = ["--model-repository", str(small), "--device", "cpu", "--listen", "127.0.0.1:0"]
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *SERVER, *settings, "--port-file", str(file), *flags]
        process = subprocess.Popen(command, **options)
        processes.append(process)
        wait_until(lambda: file.exists() or process.poll() is not None)
        assert process.poll() is None
        return Started(process, f"127.0.0.1:{file.read_text().strip()}")

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"]
)
def test_a_server_serves_whatever_its_streams_are(start: Start, redirection: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as rest:  # of its streams, those that are not redirected
        server = start(redirection, stdin=subprocess.DEVNULL, stdout=rest, stderr=rest)
        assert server.generates()
        assert server.ends() == 0
    said = log.read_text()
    assert "Traceback" not in said
    assert "Exception" not in said
    assert ("stopped" in said) == ("2>" not in redirection)
    assert ("serving on" in said) == (not redirection.startswith((">", "<")))


def test_encoding_processes_serve_without_streams(start: Start) -> None:
    server = start("<&- >&- 2>&-", "--encoding-processes", "1")
    own = psutil.Process(server.process.pid)

    def images() -> int:
        with grpc.insecure_channel(server.address) as channel:
            request = generation_pb2.GenerateImagesRequest(model="models/tiny-grey", seed=7, count=200)
            answers = list(GenerationServiceStub(channel).GenerateImages(request))
        return sum(image.startswith(b"\x89PNG") for answer in answers for image in answer.images)

    # The first images start the process, which then has work, and has used more time than its start takes.
    wait_until(lambda: images() == 200 and bool(own.children()))
    (child,) = own.children()
    before = seconds_computed(child)
    wait_until(lambda: images() == 200 and seconds_computed(child) > before)
    assert own.children() == [child]
    assert server.ends() == 0


@pytest.mark.parametrize("flags", [[], ["--hints"], ["--log-format", "json"]])
def test_readers_that_have_gone_end_no_server(start: Start, flags: list[str]) -> None:
    readings, writings = zip(os.pipe(), os.pipe(), strict=True)
    for reading in readings:
        os.close(reading)
    server = start("", *flags, stdout=writings[0], stderr=writings[1])
    for writing in writings:
        os.close(writing)
    assert server.generates()
    assert server.ends() == 0


def filled() -> tuple[int, int]:
    """A pipe into which nothing more goes, and from which nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x")
    os.set_blocking(writing, True)
    return reading, writing


@pytest.mark.parametrize("full", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_pipes_that_nobody_drains_hold_no_server_up(start: Start, full: tuple[str, ...]) -> None:
    pipes = {name: filled() for name in full}
    others = {name: subprocess.DEVNULL for name in ("stdout", "stderr") if name not in full}
    server = start("", **{name: writing for name, (_, writing) in pipes.items()}, **others)
    assert server.generates()
    assert server.ends() == 0
    for ends in pipes.values():
        for end in ends:
            os.close(end)


def test_a_log_that_is_read_late_is_whole(start: Start) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    server = start("", "--log-format", "json", stdout=subprocess.DEVNULL, stderr=writing)
    os.close(writing)
    with grpc.insecure_channel(server.address) as channel:
        stub = GenerationServiceStub(channel)
        for number in range(100):
            request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=1)
            list(stub.GenerateRows(request, metadata=(("x-request-id", f"call-{number}"),)))
    server.process.terminate()
    with open(reading, "rb") as log:  # noqa: PTH123 - a descriptor
        said = log.read().decode()
    assert server.process.wait() == 0
    assert [f'"call-{number}"' in said for number in range(100)] == [True] * 100
    assert said.endswith("\n")


def run(arguments: list[str], redirection: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f'set -o pipefail; "$@" {redirection}', "bash", *SERVER, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("asked", ["--version", "--help"])
def test_what_is_asked_for_and_cannot_be_printed_is_a_failure(asked: str) -> None:
    for redirection, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
        done = run([asked], redirection)
        assert (done.returncode, done.stderr) == (1, f"synthserve-server: cannot write to standard output: {why}\n")


@pytest.mark.parametrize("asked", ["--version", "--help", "--no-such-flag"])
def test_who_prints_for_a_reader_that_has_gone_ends_by_that(asked: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen([*SERVER, asked], stdout=writing, stderr=writing) as process:
        os.close(writing)
        assert process.wait() == -signal.SIGPIPE  # 141 in a shell


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--no-such-flag"], 2), (["--model-repository", "/does/not/exist"], 2), (["--listen", "127.0.0.1:9x"], 2)],
)
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_what_cannot_be_said_changes_no_exit_code(arguments: list[str], code: int, redirection: str) -> None:
    done = run(arguments, redirection)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("environment", [{"FORCE_COLOR": "1"}, {"GITHUB_ACTIONS": "true"}, {"TERM": "dumb"}, {}])
def test_messages_are_plain_for_who_is_no_terminal(environment: dict[str, str]) -> None:
    done = run(["--no-such-flag"], env={**os.environ, **environment})
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "No such option '--no-such-flag'" in done.stderr


def test_hints_are_for_terminals(small: Path, tmp_path: Path) -> None:
    leading, following = os.openpty()
    file = tmp_path / "port"
    settings = ["--model-repository", str(small), "--device", "cpu", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*SERVER, *settings, "--port-file", str(file)], stdout=following, stderr=subprocess.DEVNULL
    ) as process:
        wait_until(file.exists)
        process.terminate()
    os.close(following)
    said = b""
    with suppress(OSError):  # how a terminal tells that nobody writes any more
        while data := os.read(leading, 4096):
            said += data
    os.close(leading)
    assert b"In another shell:" in said
