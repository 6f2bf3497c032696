import io
import threading

import pytest

from synthserve_server.telemetry import log_writer
from synthserve_server.telemetry.log_writer import LogWriter


class Stalled(io.StringIO):
    """A terminal that has stopped, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        self.go_on.wait()
        return super().write(text)


def test_lines_of_many_threads_come_whole_and_in_order() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    threads = [
        threading.Thread(target=lambda name=name: [writer.write(f"{name} {number}\n") for number in range(500)])
        for name in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    lines = stream.getvalue().splitlines()
    for name in range(4):
        assert [line for line in lines if line.startswith(f"{name} ")] == [f"{name} {number}" for number in range(500)]


def test_who_logs_does_not_wait_for_a_stream_that_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MOST_LINES", 100)
    stream = Stalled()
    writer = LogWriter(stream)
    writer.write("first\n")
    stream.reached.wait()
    for number in range(150):
        writer.write(f"{number}\n")
    stream.go_on.set()
    writer.close()
    lines = stream.getvalue().splitlines()
    assert lines[:101] == ["first", *map(str, range(100))]
    assert lines[101:] == ["50 log lines dropped: they came faster than they could be written"]


def test_a_reader_that_is_gone_ends_nothing() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    stream.close()
    writer.write("nobody reads this\n")
    writer.close()


def test_a_stream_that_has_stopped_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "DRAINING_SECONDS", 0.01)
    stream = Stalled()
    writer = LogWriter(stream)
    writer.write("first\n")
    stream.reached.wait()
    writer.drain()
    writer.close()
    stream.go_on.set()


def test_what_waits_is_written_when_it_is_drained() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    for number in range(3):
        writer.write(f"{number}\n")
        writer.drain()
        assert stream.getvalue().splitlines() == list(map(str, range(number + 1)))
    writer.close()
