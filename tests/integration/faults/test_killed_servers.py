"""Servers that are killed, more than once, while many clients read: what comes is what would have come."""

import asyncio
import hashlib
import io
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.csv
import pytest
from tests.fixtures import packages
from tests.fixtures.processes import end, held_address, running_server
from tests.fixtures.serving import seconds_computed, wait_until

import synthserve

FIXED_WINDOW = (("grpc.http2.bdp_probe", 0),)
"""Windows that stay at 64 KiB, so that little is on its way when the server is killed."""

PATIENT = synthserve.RetryPolicy(
    start_attempts=10_000, resume_attempts=10_000, initial_backoff=0.02, max_backoff=0.1, multiplier=1.5
)

ROWS, IMAGES = 60_000, 3_000
ROWS_A_MESSAGE, IMAGES_A_MESSAGE = 500, 50
KILLS = 3

Rows = dict[str, Any]
ROWS_ASKED: Rows = {"count": ROWS, "seed": 7, "offset": 11, "rows_per_message": ROWS_A_MESSAGE}
IMAGES_ASKED: Rows = {"count": IMAGES, "seed": 7, "offset": 11, "images_per_message": IMAGES_A_MESSAGE}


class Host:
    """One address, and the servers that come and go on it."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self._folder = folder
        self._stack = ExitStack()
        self._number = 0

    def serve(self, repository: Path) -> psutil.Process:
        """Starts the next server."""
        self._number += 1
        log = self._folder / f"server-{self._number}.txt"
        self._server = self._stack.enter_context(running_server(repository, log, "--listen", self.address))
        return psutil.Process(self._server.process.pid)

    def kill(self) -> None:
        """Kills the server that runs."""
        end(self._server, signal.SIGKILL)
        self._stack.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with held_address() as address:
        host = Host(tmp_path, address)
        yield host
        host.kill()


class Gate:
    """Stops each stream where it has got so far, until all have."""

    def __init__(self, total: int, streams: int) -> None:
        self._marks = [total * number // (KILLS + 1) for number in range(1, KILLS + 1)]
        self._barrier = threading.Barrier(streams + 1)
        self._passed: dict[str, int] = {}

    def progress(self, stream: str, share: float) -> None:
        """Called by a stream that has got `share` of the total."""
        passed = self._passed.setdefault(stream, 0)
        if passed < len(self._marks) and share >= self._marks[passed]:
            self._passed[stream] = passed + 1
            self._barrier.wait()  # here now
            self._barrier.wait()  # and on again

    def closed(self) -> None:
        """Waits until all streams have stopped."""
        self._barrier.wait()

    def open(self) -> None:
        """Lets them go on."""
        self._barrier.wait()


Progress = Callable[[int], None]


@dataclass(frozen=True)
class Reader:
    """One way to read a stream to its end."""

    total: int
    read: Callable[[str, Progress], bytes]
    """Given the address and what to tell the progress to, everything that came."""


def rows_by(method: str) -> Callable[[str, Progress], bytes]:
    def read(address: str, progress: Progress) -> bytes:
        target = io.BytesIO()
        with synthserve.Client(address, retry=PATIENT, options=FIXED_WINDOW) as client:
            getattr(client.rows("tiny-table@1", on_progress=progress, **ROWS_ASKED), method)(target)
        return target.getvalue()

    return read


def rows_by_asyncio(method: str) -> Callable[[str, Progress], bytes]:
    def read(address: str, progress: Progress) -> bytes:
        target = io.BytesIO()

        async def drain() -> None:
            async with synthserve.AsyncClient(address, retry=PATIENT, options=FIXED_WINDOW) as client:
                await getattr(client.rows("tiny-table@1", on_progress=progress, **ROWS_ASKED), method)(target)

        asyncio.run(drain())
        return target.getvalue()

    return read


def rows_of_arrow_stream(address: str, progress: Progress) -> bytes:
    """The rows of an Arrow stream as CSV: its record batches are the messages, which a break cuts anew."""
    with pa.ipc.open_stream(rows_by("to_arrow_stream")(address, progress)) as stream:
        written = pa.BufferOutputStream()
        pa.csv.write_csv(stream.read_all(), written)
    return bytes(written.getvalue())


def images(address: str, progress: Progress) -> bytes:
    with synthserve.Client(address, retry=PATIENT, options=FIXED_WINDOW) as client:
        asked = client.images("tiny-grey@1", on_progress=progress, **IMAGES_ASKED)
        return b"".join(image.index.to_bytes(8) + image.to_pil().tobytes() for image in asked)


def images_by_asyncio(address: str, progress: Progress) -> bytes:
    async def read() -> bytes:
        async with synthserve.AsyncClient(address, retry=PATIENT, options=FIXED_WINDOW) as client:
            asked = client.images("tiny-grey@1", on_progress=progress, format="raw", **IMAGES_ASKED)
            return b"".join([image.index.to_bytes(8) + image.bytes async for image in asked])

    return asyncio.run(read())


READERS = {
    "csv": Reader(ROWS, rows_by("to_csv")),
    "arrow stream": Reader(ROWS, rows_of_arrow_stream),
    "arrow file": Reader(ROWS, rows_by("to_arrow_file")),
    "csv asyncio": Reader(ROWS, rows_by_asyncio("to_csv")),
    "arrow file asyncio": Reader(ROWS, rows_by_asyncio("to_arrow_file")),
    "images": Reader(IMAGES, images),
    "images asyncio": Reader(IMAGES, images_by_asyncio),
}


def digest(data: bytes) -> tuple[int, str]:
    """What two outputs are compared by: a difference of megabytes is nothing to print."""
    return len(data), hashlib.sha256(data).hexdigest()


def test_streams_of_all_kinds_survive_several_kills(
    small: Path, host: Host, server_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    host.serve(small)
    gate = Gate(100, len(READERS))

    def read(name: str) -> bytes:
        reader = READERS[name]
        return reader.read(host.address, lambda done: gate.progress(name, 100 * done / reader.total))

    with ThreadPoolExecutor(len(READERS)) as pool:
        running = {name: pool.submit(read, name) for name in READERS}
        for _ in range(KILLS):
            gate.closed()
            host.kill()
            host.serve(small)
            gate.open()
        found = {name: future.result() for name, future in running.items()}
    broke = [record for record in caplog.records if "broke at index" in record.message]
    assert len(broke) >= KILLS * len(READERS)
    for name, reader in READERS.items():
        assert digest(found[name]) == digest(reader.read(server_address, lambda _: None)), name


@pytest.mark.parametrize("seed", [7, None])
def test_a_kill_before_the_first_message(
    small: Path, host: Host, server_address: str, seed: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    process = host.serve(small)
    with (
        ThreadPoolExecutor(1) as pool,
        synthserve.Client(host.address, retry=PATIENT) as client,
        synthserve.Client(server_address) as whole,
    ):
        client.models()
        process.suspend()  # the connection stands, and what the call says stays unread
        stream = client.rows("tiny-table@1", count=100, seed=seed)
        rows = pool.submit(lambda: list(stream))
        wait_until(lambda: unread(host.address) > 0)
        host.kill()
        host.serve(small)
        assert rows.result() == list(whole.rows("tiny-table@1", count=100, seed=stream.seed))
    assert "broke at index 0" in caplog.text


def unread(address: str) -> int:
    """Bytes that wait to be read in the sockets of a port: Linux tells local address and `tx:rx` in hexadecimal."""
    port = f":{int(address.rpartition(':')[2]):04X}"
    lines = [line for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    connections = [line.split() for line in lines]
    return sum(int(fields[4].partition(":")[2], 16) for fields in connections if fields[1].endswith(port))


def test_a_kill_while_the_first_message_is_computed(small: Path, host: Host) -> None:
    process = host.serve(small)
    with ThreadPoolExecutor(1) as pool, synthserve.Client(host.address, retry=PATIENT) as client:
        client.models()
        before = seconds_computed(process)
        stream = client.rows("paced", count=8, seed=7, where={"pace": "endless"}, timeout=600)
        rows = pool.submit(lambda: list(stream))
        wait_until(lambda: seconds_computed(process) > before + 0.2)
        host.kill()
        process = host.serve(small)
        # It has asked again, and the next server is at it.
        before = seconds_computed(process)
        wait_until(lambda: seconds_computed(process) > before + 0.2)
        stream.close()
        with pytest.raises(synthserve.Cancelled):
            rows.result()


def other_table(root: Path, *versions: int) -> Path:
    """A repository of `tiny-table`; version 1 is the one that all tests know, and the others are other models."""
    for version in versions:
        packages.write_package(
            root, "tiny-table", packages.table_graph(version - 1), packages.TABLE_MANIFEST, version=version
        )
    return root


def test_a_newer_version_does_not_get_into_a_stream_of_the_old_one(
    host: Host, server_address: str, tmp_path: Path
) -> None:
    host.serve(other_table(tmp_path / "old", 1))
    with (
        synthserve.Client(host.address, retry=PATIENT, options=FIXED_WINDOW) as client,
        synthserve.Client(server_address) as whole,
    ):
        stream = client.rows("tiny-table", count=ROWS, seed=7, rows_per_message=ROWS_A_MESSAGE)
        batches = stream.batches()
        got = [next(batches)]
        host.kill()
        host.serve(other_table(tmp_path / "both", 1, 2))
        got += batches
        assert stream.model == "tiny-table@1"
        assert client.rows("tiny-table", count=1).model == "tiny-table@2"
        first, second = (client.rows(f"tiny-table@{version}", count=9, seed=7).to_arrow() for version in (1, 2))
        assert first.to_pylist() != second.to_pylist()  # else this test could not fail
        wanted = whole.rows("tiny-table@1", count=ROWS, seed=7).to_arrow()
    assert pa.Table.from_batches(got).equals(wanted)


async def test_a_stream_whose_version_is_gone_says_so_and_where_it_broke(host: Host, tmp_path: Path) -> None:
    host.serve(other_table(tmp_path / "old", 1))
    async with synthserve.AsyncClient(host.address, retry=PATIENT, options=FIXED_WINDOW) as client:
        stream = client.rows("tiny-table", count=ROWS, seed=7, rows_per_message=ROWS_A_MESSAGE)
        got = 0

        async def read_on() -> None:
            nonlocal got
            async for batch in batches:
                got += batch.num_rows

        batches = stream.batches()
        got += (await anext(batches)).num_rows
        host.kill()
        host.serve(other_table(tmp_path / "new", 2))
        with pytest.raises(synthserve.ModelNotFound, match="there is no models/tiny-table/versions/1") as caught:
            await read_on()
    assert caught.value.resource == "models/tiny-table/versions/1"
    assert caught.value.__notes__ == [f"the stream broke at index {got}"]


def test_another_table_under_the_same_version_is_refused(host: Host, tmp_path: Path) -> None:
    host.serve(other_table(tmp_path / "old", 1))

    def renamed(content: dict[str, Any]) -> None:
        content["table"]["columns"][0]["unit"] = "mm"

    manifest = packages.TABLE_MANIFEST | {
        "table": {"columns": [dict(c) for c in packages.TABLE_MANIFEST["table"]["columns"]]}
    }
    packages.write_package(tmp_path / "replaced", "tiny-table", packages.table_graph(), manifest, change=renamed)
    with synthserve.Client(host.address, retry=PATIENT, options=FIXED_WINDOW) as client:
        stream = client.rows("tiny-table", count=ROWS, seed=7, rows_per_message=ROWS_A_MESSAGE)
        batches = stream.batches()
        next(batches)
        host.kill()
        host.serve(tmp_path / "replaced")
        with pytest.raises(synthserve.ProtocolError, match="schema"):
            list(batches)
