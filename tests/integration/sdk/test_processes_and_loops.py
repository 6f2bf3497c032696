"""Clients that several processes or event loops use."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING, Any

import synthserve

if TYPE_CHECKING:
    from tests.integration.sdk.conftest import ScriptedServer

COUNT = 300

FORKING = """
import os, sys, synthserve
target = sys.argv[1]
client = synthserve.Client(target)
whole = [row for row in client.rows("m", count={count}, seed=7, timeout=60)]
stream = iter(client.rows("m", count={count}, seed=7, timeout=60))
begun = [next(stream) for _ in range(4)]
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(40, exit=True)
    {in_child}
    # As a program ends, with all that Python does then.
    sys.exit(0 if ok else 3)
_, status = os.waitpid(child, 0)
rest = list(stream)
client.close()
sys.exit(status >> 8 or (0 if begun + rest == whole else 4))
"""


def forked(target: str, in_child: str) -> tuple[int, str]:
    """Runs a program that forks while it has a stream open, and goes on with it; `in_child` sets `ok`."""
    program = FORKING.format(count=COUNT, in_child=textwrap.indent(in_child, "    ").strip())
    done = subprocess.run(
        [sys.executable, "-c", program, target], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr


def test_a_forked_process_goes_on_with_a_stream_of_its_own(scripted: ScriptedServer) -> None:
    code, stderr = forked(scripted.target, "ok = begun + list(stream) == whole")
    assert code == 0, stderr


def test_a_forked_process_can_use_and_close_the_client(scripted: ScriptedServer) -> None:
    use = 'ok = list(client.rows("m", count={count}, seed=7, timeout=30)) == whole\nclient.close()'
    code, stderr = forked(scripted.target, use.format(count=COUNT))
    assert code == 0, stderr


def test_a_forked_process_can_leave_everything_alone(scripted: ScriptedServer) -> None:
    code, stderr = forked(scripted.target, "ok = True")
    assert code == 0, stderr


def test_one_asyncio_client_serves_one_loop_after_the_other(scripted: ScriptedServer) -> None:
    client = synthserve.AsyncClient(scripted.target)

    async def use() -> list[Any]:
        models = await client.models(timeout=20)
        rows = [row async for row in client.rows("m", count=10, seed=1, timeout=20)]
        return [len(models), rows]

    assert asyncio.run(use()) == asyncio.run(use())

    async def close() -> None:
        await client.close()
        await client.close()

    asyncio.run(close())


def test_one_asyncio_client_serves_loops_side_by_side(scripted: ScriptedServer) -> None:
    client = synthserve.AsyncClient(scripted.target)
    together = threading.Barrier(3)
    found: list[int] = []

    async def use() -> None:
        async for _ in client.rows("m", count=9, seed=1, timeout=30):
            await asyncio.to_thread(together.wait, 30)
        found.append(len(await client.models(timeout=30)))

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [5, 5, 5]


def test_a_forked_process_is_told_that_asyncio_does_not_work_there(scripted: ScriptedServer) -> None:
    program = """
import asyncio, os, sys, synthserve
client = synthserve.AsyncClient(sys.argv[1])
async def use():
    return len(await client.models(timeout=30))
found = asyncio.run(use())
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(40, exit=True)
    for make in (lambda: client, lambda: synthserve.AsyncClient(sys.argv[1])):
        client = make()
        try:
            asyncio.run(use())
        except synthserve.SynthserveError as error:
            assert "was forked from one that uses an AsyncClient" in str(error), error
        else:
            sys.exit(3)
    sys.exit(0 if len(synthserve.Client(sys.argv[1]).models(timeout=30)) == found else 4)
sys.exit(os.waitpid(child, 0)[1] >> 8)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, scripted.target], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
