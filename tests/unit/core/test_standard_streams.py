"""Streams that nothing can go wrong with, on real descriptors."""

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from synthserve_core.system import standard_streams
from synthserve_core.system.standard_streams import Output


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def test_what_is_written_arrives_at_once(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    output = Output(writing, None)
    output.write("grüße\n")
    assert os.read(reading, 100) == "grüße\n".encode()
    assert output.failure is None


def test_a_reader_that_has_gone_raises_nothing(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.close(reading)
    output = Output(writing, None)
    for _ in range(2):
        print("nobody reads this", file=output, flush=True)
    assert output.failure is not None
    assert output.failure.errno == errno.EPIPE


def test_a_full_disk_is_tried_again(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    other = os.dup(writing)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, other)
    output = Output(other, None)
    output.write("lost\n")
    assert output.failure is not None
    assert output.failure.errno == errno.ENOSPC
    os.dup2(writing, other)  # there is room again
    output.write("kept\n")
    assert os.read(reading, 100) == b"kept\n"
    os.close(other)
    os.close(full)


def test_all_of_a_text_goes_through_a_pipe_that_must_not_block(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    text = "0123456789\n" * 100_000  # more than fits
    output = Output(writing, None)
    thread = threading.Thread(target=output.write, args=(text,))
    thread.start()
    got = b""
    while len(got) < len(text):
        got += os.read(reading, 1 << 16)
    thread.join()
    assert got == text.encode()
    assert output.failure is None


def test_what_has_no_encoding_is_escaped(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    Output(writing, None).write("a\udcffb")
    assert os.read(reading, 100) == b"a\\udcffb"


CLOSED = """
import os, sys
for number in map(int, sys.argv[1]):
    os.close(number)
from synthserve_core.system import standard_streams
standard_streams.fill_closed_descriptors()
with open(sys.argv[2], "w") as file:
    assert file.fileno() > 2
    for number in (0, 1, 2):
        os.fstat(number)
        assert os.get_inheritable(number)
    if "1" in sys.argv[1]:
        sys.stdout = None
    printed = standard_streams.replace()
    print("printed")
    print("told", file=sys.stderr)
    file.write(f"{printed.failure and printed.failure.strerror}")
"""


@pytest.mark.parametrize("numbers", ["", "0", "1", "2", "01", "12", "012"])
def test_descriptors_that_are_closed_are_given_to_no_file(tmp_path: object, numbers: str) -> None:
    file = f"{tmp_path}/file"
    done = subprocess.run([sys.executable, "-c", CLOSED, numbers, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open(file) as written:  # noqa: PTH123
        assert written.read() == ("Bad file descriptor" if "1" in numbers else "None")
    assert done.stdout == ("" if "1" in numbers else "printed\n")
    assert done.stderr == ("" if "2" in numbers else "told\n")


@pytest.mark.parametrize(
    ("environment", "terminal", "colours"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": ""}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}, True, False),
    ],
)
def test_colours_are_for_terminals_and_for_who_asks(environment: dict[str, str], terminal: bool, colours: bool) -> None:
    leading, following = os.openpty()
    with open(following if terminal else os.devnull, "w") as stream:  # noqa: PTH123
        assert standard_streams.wants_colours(stream, environment) is colours
    os.close(leading)
    if not terminal:
        os.close(following)
