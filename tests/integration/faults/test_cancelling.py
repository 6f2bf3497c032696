"""Calls that end in each stage of their work, and what they leave behind: nothing. The server runs in this process.

An endless run of a graph (`paced`) would take weeks: where the server comes to rest, the run was interrupted.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio
from tests.fixtures.conditions import equal
from tests.fixtures.serving import WORKERS, Serving, serving, until

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve_core.compute import session
from synthserve_core.encoding import images


@pytest.fixture
async def served(small: Path, request: pytest.FixtureRequest) -> AsyncIterator[Serving]:
    """A server with as many workers as the test asks for."""
    async with serving(small, workers=getattr(request, "param", WORKERS)) as served:
        yield served


one_worker = pytest.mark.parametrize("served", [1], indirect=True, ids=["one worker"])
"""It makes everything that waits and is alike in one run."""


@pytest.fixture
async def stub(served: Serving) -> AsyncIterator[Any]:
    async with aio.insecure_channel(served.address) as channel:
        yield GenerationServiceStub(channel)


class Runs:
    """The runs of graphs, by the number of samples: begun, and come to an end."""

    def __init__(self) -> None:
        self.begun: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.open = threading.Event()
        """While it is not set, runs stand before their graph."""
        self.open.set()
        self._lock = threading.Lock()

    def run(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """Stands in for `Session.run`."""
        _, _, size, _ = arguments
        with self._lock:
            self.begun[size] += 1
        self.open.wait()
        results = run(*arguments)
        with self._lock:
            self.ended[size] += 1
        return results


@pytest.fixture
def runs(served: Serving, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    counted = Runs()
    run = session.Session.run
    monkeypatch.setattr(session.Session, "run", lambda *arguments: counted.run(run, *arguments))
    yield counted
    counted.open.set()


def paced(count: int = 4, **fields: Any) -> generation_pb2.GenerateRowsRequest:
    """Asks for rows that never come."""
    return generation_pb2.GenerateRowsRequest(
        **{"model": "models/paced", "count": count, "seed": 7, "conditions": equal({"pace": "endless"}), **fields}
    )


def table(seed: int, count: int = 4) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(model="models/tiny-table", count=count, seed=seed)


async def read(call: Any) -> bytes:
    """All that a call answers."""
    return b"".join([response.SerializeToString(deterministic=True) async for response in call])


async def hold_workers(stub: Any, served: Serving, runs: Runs) -> list[Any]:
    """Keeps every worker busy until the calls that come back are cancelled. All are new, so there is no relief."""
    held = []
    for number in range(1, served.workers + 1):
        # One after the other, and each too large to share a run.
        held.append(asyncio.ensure_future(stub.GenerateRows(paced(count=64)).read()))
        await until(lambda number=number: runs.begun[64] == number)  # type: ignore[misc]  # bound early
    return held


async def test_in_the_middle_of_a_graph(stub: Any, served: Serving, runs: Runs) -> None:
    call = stub.GenerateRows(paced())
    reading = asyncio.ensure_future(call.read())
    await until(lambda: runs.begun[4] == 1)
    call.cancel()
    await until(lambda: served.at_rest)
    assert not runs.ended
    assert reading.cancelled() or await cancelled(reading)
    assert await read(stub.GenerateRows(table(7)))


async def cancelled(task: "asyncio.Future[Any]") -> bool:
    """Whether a task ends as cancelled."""
    await asyncio.wait([task])
    return task.cancelled()


async def test_in_the_queue_behind_busy_threads(stub: Any, served: Serving, runs: Runs) -> None:
    held = await hold_workers(stub, served, runs)
    waiting = stub.GenerateRows(paced(count=8))
    reading = asyncio.ensure_future(waiting.read())
    await until(lambda: served.server.load().scheduler.waiting == 1)
    waiting.cancel()
    await until(lambda: served.server.load().scheduler.waiting == 0)
    await until(lambda: served.server.load().calls == len(held))
    assert await cancelled(reading)
    for call in held:
        call.cancel()
    await until(lambda: served.at_rest)
    assert runs.begun == {64: len(held)}
    assert not runs.ended


async def test_while_pictures_are_encoded(
    stub: Any, served: Serving, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding, go_on = threading.Semaphore(0), threading.Event()
    encode = images.encode

    def held(*arguments: Any) -> Any:
        encoding.release()
        go_on.wait()
        return encode(*arguments)

    monkeypatch.setattr(images, "encode", held)
    request = generation_pb2.GenerateImagesRequest(model="models/tiny-grey", seed=7, images_per_message=32)
    call = stub.GenerateImages(request)
    reading = asyncio.ensure_future(call.read())
    for _ in range(WORKERS):
        await asyncio.to_thread(encoding.acquire)
    call.cancel()
    await until(lambda: served.server.load().calls == 0)
    assert await cancelled(reading)
    begun = runs.begun.total()
    go_on.set()
    await until(lambda: served.at_rest)
    # What was being encoded came to its end, and nothing was computed for the messages after it.
    assert runs.begun.total() == begun
    request.count = 5
    assert len((await stub.GenerateImages(request).read()).images) == 4


async def test_the_deadline_ends_the_work_within_one_block(stub: Any, served: Serving, runs: Runs) -> None:
    # One message of 64 blocks.
    call = stub.GenerateRows(paced(count=64 * 64, rows_per_message=64 * 64), timeout=1.0)
    with pytest.raises(aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: served.at_rest)
    assert runs.begun.total() <= WORKERS
    assert not runs.ended


@one_worker
@pytest.mark.parametrize("leaving", [1, 2, 3])
async def test_members_of_a_shared_run_that_leave_take_nothing_from_the_others(
    stub: Any, served: Serving, runs: Runs, leaving: int
) -> None:
    seeds = range(100, 104)
    wanted = {seed: await read(stub.GenerateRows(table(seed))) for seed in seeds}
    (held,) = await hold_workers(stub, served, runs)
    calls = {seed: stub.GenerateRows(table(seed)) for seed in seeds}
    reading = {seed: asyncio.ensure_future(read(call)) for seed, call in calls.items()}
    await until(lambda: served.server.load().scheduler.waiting == len(calls))
    runs.open.clear()
    held.cancel()
    await until(lambda: runs.begun[4 * len(calls)] == 1)  # all in one run, which stands before its graph
    for seed in seeds[:leaving]:
        calls[seed].cancel()
    await until(lambda: served.server.load().calls == len(calls) - leaving)
    runs.open.set()
    for seed in seeds[leaving:]:
        assert await reading[seed] == wanted[seed]
    await until(lambda: served.at_rest)


@one_worker
async def test_a_shared_run_stops_when_its_last_member_leaves(stub: Any, served: Serving, runs: Runs) -> None:
    (held,) = await hold_workers(stub, served, runs)
    calls = [stub.GenerateRows(paced(seed=seed)) for seed in range(4)]
    reading = [asyncio.ensure_future(call.read()) for call in calls]
    await until(lambda: served.server.load().scheduler.waiting == len(calls))
    held.cancel()
    await until(lambda: runs.begun[4 * len(calls)] == 1)
    for call in calls[:-1]:
        call.cancel()
    await until(lambda: served.server.load().calls == 1)
    assert not served.at_rest  # the run goes on for the one that is left
    calls[-1].cancel()
    await until(lambda: served.at_rest)
    assert all([await cancelled(task) for task in reading])
    assert not runs.ended
