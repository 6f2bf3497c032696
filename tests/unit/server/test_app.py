"""Starting and stopping, with a server that does nothing."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthserve_core.system import signals
from synthserve_server import app
from synthserve_server.app import Ready
from synthserve_server.models.catalogue import Catalogue
from synthserve_server.settings import settings as config

READY = Ready("127.0.0.1", 1, Catalogue([]))


class FakeServer:
    """Notes how it is stopped, and does what a test wants while it drains."""

    stops: list[float]
    draining: Callable[[], None]

    def __init__(self, _: config.Settings) -> None: ...

    async def start(self) -> Ready:
        return READY

    async def stop(self, grace_seconds: float, delay_seconds: float = 0) -> None:
        self.stops.append(grace_seconds)
        if grace_seconds:
            self.draining()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> type[FakeServer]:
    FakeServer.stops, FakeServer.draining = [], staticmethod(lambda: None)
    monkeypatch.setattr(app, "Server", FakeServer)
    return FakeServer


@pytest.fixture
def settings(tmp_path: Path) -> config.Settings:
    return config.load({"model_repository": tmp_path, "grace_seconds": 5})


@pytest.fixture(autouse=True)
def _signal_handlers_come_back() -> Iterator[None]:
    # Those that are ignored at the end would be so in every process that a later test starts.
    numbers = [getattr(signal, name) for name in ("SIGPIPE", *signals.SENT_TO_ALL)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def no_loop_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop as on Windows."""

    def missing(*_: object) -> None:
        raise NotImplementedError

    for name in ("add_signal_handler", "remove_signal_handler"):
        monkeypatch.setattr(asyncio.SelectorEventLoop, name, missing)


def send(number: signal.Signals) -> Callable[[Ready], None]:
    return lambda _: os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_drains(server: type[FakeServer], settings: config.Settings, number: signal.Signals) -> None:
    assert asyncio.run(app.run(settings, send(number)))
    assert server.stops == [5]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("no_loop_handlers")
def test_a_signal_drains_where_the_loop_has_no_signal_handlers(
    server: type[FakeServer], settings: config.Settings, number: signal.Signals
) -> None:
    assert asyncio.run(app.run(settings, send(number)))
    assert server.stops == [5]


def test_signals_that_come_again_once_all_is_drained_change_nothing(
    server: type[FakeServer], settings: config.Settings
) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)

    def dispositions() -> list[object]:
        return [signal.getsignal(number) for number in numbers]

    async def served() -> None:
        assert await app.run(settings, send(signal.SIGTERM))
        assert dispositions() == [signal.SIG_IGN] * 2

    asyncio.run(served())
    assert dispositions() == [signal.SIG_IGN] * 2  # the loop has closed


@pytest.mark.usefixtures("server")
def test_a_start_that_fails_leaves_no_handler_of_a_closed_loop(
    settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: FakeServer) -> Ready:
        raise app.ListenError("taken")

    monkeypatch.setattr(FakeServer, "start", fail)
    with pytest.raises(app.ListenError):
        asyncio.run(app.run(settings, send(signal.SIGTERM)))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_a_draining_that_fails_is_not_taken_for_one_that_ended(
    server: type[FakeServer], settings: config.Settings
) -> None:
    def fail() -> None:
        raise OSError("the draining failed")

    server.draining = staticmethod(fail)
    with pytest.raises(OSError, match="the draining failed"):
        asyncio.run(app.run(settings, send(signal.SIGTERM)))


def test_what_fails_once_the_server_is_ready_stops_it(server: type[FakeServer], settings: config.Settings) -> None:
    def fail(_: Ready) -> None:
        raise OSError("nowhere to write")

    with pytest.raises(OSError, match="nowhere to write"):
        asyncio.run(app.run(settings, fail))
    assert server.stops == [0]


def test_a_quit_ends_at_once(server: type[FakeServer], settings: config.Settings) -> None:
    assert not asyncio.run(app.run(settings, send(signal.SIGQUIT)))
    assert server.stops == [0]


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
def test_signals_without_a_meaning_change_nothing(
    server: type[FakeServer], settings: config.Settings, number: signal.Signals
) -> None:
    def send_both(_: Ready) -> None:
        os.kill(os.getpid(), number)
        assert server.stops == []
        os.kill(os.getpid(), signal.SIGTERM)

    assert asyncio.run(app.run(settings, send_both))
    assert server.stops == [5]


def test_a_hangup_that_was_ignored_at_the_start_stays_so(server: type[FakeServer], settings: config.Settings) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it

    def send_both(_: Ready) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        assert server.stops == []
        os.kill(os.getpid(), signal.SIGTERM)

    assert asyncio.run(app.run(settings, send_both))
    assert server.stops == [5]


def test_a_hangup_has_models_looked_at_where_they_may_change(
    tmp_path: Path, server: type[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # under nohup, too: it ends nothing
    reloads: list[FakeServer] = []

    def reload(self: FakeServer) -> None:
        reloads.append(self)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(server, "reload", reload, raising=False)
    settings = config.load({"model_repository": tmp_path, "grace_seconds": 5, "model_control_mode": "poll"})
    assert asyncio.run(app.run(settings, send(signal.SIGHUP)))
    assert len(reloads) == 1
