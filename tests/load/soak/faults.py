"""The badly behaved clients: each fault is one short act, chosen by a seeded generator."""

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
from tests.fixtures import http2
from tests.fixtures.http2 import Connection
from tests.load.soak.loop import Loop
from tests.load.soak.tally import Tally

import synthserve
from synthserve.v1 import generation_pb2

_ROWS = "/synthserve.v1.GenerationService/GenerateRows"
_ENDLESS = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=7).SerializeToString()
_NO_RETRY = synthserve.RetryPolicy(start_attempts=1, resume_attempts=1)

_CLIENT = """
import sys, synthserve
for row in synthserve.Client(sys.argv[1]).rows("tiny-table", seed=7):
    pass
"""

_GONE = (ConnectionError, TimeoutError)
"""What a bare socket may meet while the server is down."""


def cancel(address: str, chance: random.Random) -> None:
    """Leaves a stream on the way."""
    with synthserve.Client(address, retry=_NO_RETRY) as client:
        rows = iter(client.rows("tiny-table", seed=7))
        for _ in range(chance.randrange(1, 5000)):
            next(rows)
        rows.close()  # type: ignore[attr-defined]  # an iterator here is a generator


async def cancel_task(address: str, chance: random.Random) -> None:
    """Cancels a task that reads a stream."""
    async with synthserve.AsyncClient(address, retry=_NO_RETRY) as client:
        task = asyncio.ensure_future(client.rows("tiny-table", count=10**9, seed=7).to_arrow())
        await asyncio.sleep(chance.uniform(0, 0.5))
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


def deadline(address: str, chance: random.Random) -> None:
    """Gives a graph that never ends less time than that."""
    with synthserve.Client(address, retry=_NO_RETRY) as client:
        endless = client.rows("paced", count=4, where={"pace": "endless"}, timeout=chance.uniform(0.05, 0.5))
        try:
            list(endless)
        except synthserve.DeadlineExceeded:
            return
        raise AssertionError("an endless graph came to its end")


def bad_request(address: str, _chance: random.Random) -> None:
    """Asks for what there is not."""
    with synthserve.Client(address, retry=_NO_RETRY) as client:
        for stream in (client.rows("tiny-table", count=-1), client.rows("nothing", count=1)):
            try:
                list(stream)
            except (synthserve.InvalidRequest, synthserve.ModelNotFound):
                continue
            raise AssertionError("a bad request was answered")


def stall(address: str, chance: random.Random) -> None:
    """Reads nothing of many streams for a while, and vanishes."""
    with Connection(address) as connection:
        for number in range(chance.randrange(1, 20)):
            connection.send(http2.call(2 * number + 1, http2.call_headers(_ROWS), _ENDLESS))
        time.sleep(chance.uniform(0.2, 2.0))
        connection.vanish()


def reset(address: str, chance: random.Random) -> None:
    """Begins calls and takes them back at once."""
    with Connection(address) as connection:
        for number in range(chance.randrange(2000)):
            stream = 2 * number + 1
            connection.send(http2.call(stream, http2.call_headers(_ROWS), _ENDLESS) + http2.reset(stream))


def garbage(address: str, chance: random.Random) -> None:
    """Sends frames that make no sense, and bytes that are no frames."""
    for number in range(10):
        with Connection(address, greet=number % 3 > 0) as connection:
            for _ in range(chance.randrange(30)):
                kind, flags, stream = chance.randrange(12), chance.randrange(256), chance.randrange(4)
                connection.send(http2.frame(kind, flags, stream, chance.randbytes(chance.randrange(50))))
            connection.send(chance.randbytes(chance.randrange(500)))


def no_message(address: str, chance: random.Random) -> None:
    """Sends bytes that are no request."""
    with grpc.insecure_channel(address) as channel:
        call: Any = channel.unary_stream(_ROWS)
        try:
            for _ in call(b"\xff" + chance.randbytes(50), timeout=30):
                pass
        except grpc.RpcError as error:
            code = error.code()
            if code not in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNAVAILABLE):
                raise AssertionError(f"bytes that are no message: {code}") from error


def churn(address: str, chance: random.Random) -> None:
    """Connects and disconnects."""
    for _ in range(chance.randrange(50)):
        with Connection(address, greet=chance.random() < 0.5) as connection:
            if chance.random() < 0.5:
                connection.vanish()


def kill_client(address: str, chance: random.Random) -> None:
    """Kills the process of a client that reads."""
    client = subprocess.Popen([sys.executable, "-c", _CLIENT, address], stderr=subprocess.DEVNULL)
    time.sleep(chance.uniform(0.5, 3.0))
    client.kill()
    client.wait()


FAULTS: dict[str, tuple[int, Callable[[str, random.Random], Coroutine[Any, Any, None] | None]]] = {
    "call cancelled": (4, cancel),
    "task cancelled": (4, cancel_task),
    "deadline too short": (3, deadline),
    "bad request": (2, bad_request),
    "reader stalled and vanished": (4, stall),
    "rapid reset": (2, reset),
    "malformed frames": (3, garbage),
    "malformed message": (2, no_message),
    "connections churned": (3, churn),
    "client killed": (1, kill_client),
}
"""By name how often, relative to the others, and what."""


class Injector:
    """A thread that does one fault after the other while it is let."""

    def __init__(self, address: str, loop: Loop, tally: Tally, seed: int) -> None:
        self._address = address
        self._loop = loop
        self._tally = tally
        self._chance = random.Random(f"{seed}/faults")  # noqa: S311 - guards nothing
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def rest(self) -> None:
        """Lets the fault that is under way come to its end, and does no other."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._chance.uniform(0, 0.5)):
            (name,) = self._chance.choices(list(FAULTS), [weight for weight, _ in FAULTS.values()])
            try:
                if act := FAULTS[name][1](self._address, self._chance):
                    self._loop.run(act)
            except (*_GONE, synthserve.Unavailable):
                continue  # the server is down, which is another fault's doing
            except Exception as error:
                self._tally.violation(f"{name}: {type(error).__name__}: {error}")
            self._tally.fault(name)
