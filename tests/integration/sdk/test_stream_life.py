"""Deadlines, cancelling and errors."""

from __future__ import annotations

import asyncio
import gc
import io
import socket
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import grpc
import psutil
import pytest
from google.rpc import error_details_pb2

import synthserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.sdk.conftest import Fault, Row, ScriptedServer

    Expected = Callable[[range, int], list[Row]]


@pytest.fixture
def free_target() -> Iterator[str]:
    """An address where nothing listens, and nobody else begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


def test_leaving_the_loop_cancels_the_call(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]
) -> None:
    scripted.faults = [fault(1, None)]
    rows = iter(client.rows("scripted", count=9))
    next(rows)
    assert scripted.hanging.wait(30)
    rows.close()  # type: ignore[attr-defined]  # an iterator here is a generator
    assert scripted.cancelled.wait(30)


def test_the_context_manager_cancels_the_call(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]
) -> None:
    scripted.faults = [fault(1, None)]
    with client.rows("scripted", count=9) as rows:
        kept = iter(rows)
        next(kept)
        assert scripted.hanging.wait(30)
    assert scripted.cancelled.wait(30)
    assert len([next(kept), next(kept)]) == 2  # of the message that had come
    with pytest.raises(synthserve.Cancelled):
        next(kept)


@pytest.mark.parametrize("what", ["stream", "client"])
def test_closing_from_another_thread_ends_the_wait(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], what: str
) -> None:
    scripted.faults = [fault(1, None)]
    rows = client.rows("scripted", count=9)

    def close() -> None:
        scripted.hanging.wait(30)
        (rows if what == "stream" else client).close()

    closer = threading.Thread(target=close)
    closer.start()
    with pytest.raises(synthserve.Cancelled):
        list(rows)
    closer.join()
    assert scripted.cancelled.wait(30)


def test_a_closed_client_says_so(client: synthserve.Client) -> None:
    client.close()
    with pytest.raises(synthserve.Cancelled, match="the client is closed"):
        list(client.rows("scripted", count=1))
    with pytest.raises(synthserve.Cancelled, match="the client is closed"):
        client.models()


def test_the_deadline_spans_all_attempts(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped = 0.0

    def skip() -> None:
        nonlocal skipped
        skipped += 200

    # Each attempt takes 200 seconds of a clock that the test sets, and hardly any of the real one.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + skipped)
    monkeypatch.setattr("synthserve._transport.retry.time", clock)
    scripted.faults = [fault(1, then=skip), fault(1, then=skip), fault(1, then=skip)]
    with pytest.raises(
        synthserve.DeadlineExceeded, match=r"not done within 600 s; the last attempt failed: .*scripted"
    ):
        list(client.rows("scripted", count=100, timeout=600))
    first, second, third = scripted.seconds_left
    # gRPC may round up a little.
    assert first < 610
    assert second < 410
    assert third < 210
    scripted.faults = [fault(1, None)]
    with pytest.raises(synthserve.DeadlineExceeded):
        list(client.rows("scripted", count=100, timeout=2))
    assert scripted.hanging.wait(30)  # this call took its fault, and leaves the next one alone
    # A wait that would pass the deadline is not waited for.
    scripted.faults = [fault.retry_info(1, 3600)]
    with pytest.raises(synthserve.DeadlineExceeded, match="not done within 60 s; the last attempt failed: scripted"):
        list(client.rows("scripted", count=100, timeout=60))


def test_no_server_is_told_with_advice(free_target: str, retry: synthserve.RetryPolicy) -> None:
    with synthserve.Client(free_target, retry=retry) as client:
        for ask in (client.models, lambda: list(client.rows("m", count=1))):
            with pytest.raises(synthserve.Unavailable) as raised:
                ask()
            assert str(raised.value) == (
                f"no server at {free_target} (connection refused): is it running? `make serve` starts one; "
                "else check the address"
            )
            assert raised.value.__notes__ == ["gave up after 4 attempts"]


def test_unary_calls_are_tried_again(scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]) -> None:
    scripted.unary_faults = [fault(), fault()]
    models = client.models()
    assert [model.name for model in models] == ["m0", "m1", "m2", "m3", "m4"]
    assert [request.page_token for request in scripted.requests] == ["", "", "", "2", "4"]
    assert models[0].kind == "table"
    assert models[0].table is not None
    assert models[0].table.columns[0] == synthserve.Column("x", "double", decimals=1, unit="cm")
    assert models[0].figures == (synthserve.Figure("f", 0.5, 0.25),)
    assert models[0].card.limits == ("Few.",)


def test_a_failed_model_tells_why(client: synthserve.Client) -> None:
    model = client.model("broken")
    assert (model.state, model.state_reason, model.kind) == ("failed", "the digest is wrong", "unknown")


def test_details_become_typed_errors(scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]) -> None:
    with pytest.raises(synthserve.ModelNotFound, match="no such model") as not_found:
        client.model("nothing")
    assert not_found.value.resource == "models/nothing"
    assert not_found.value.reason == "MODEL_NOT_FOUND"
    assert not_found.value.metadata == {"model": "models/nothing"}

    violation = error_details_pb2.BadRequest.FieldViolation(field="count", description="must be at least 0")
    bad = error_details_pb2.BadRequest(field_violations=[violation])
    scripted.faults = [fault(0, grpc.StatusCode.INVALID_ARGUMENT, [bad])]
    with pytest.raises(synthserve.InvalidRequest) as invalid:
        list(client.rows("scripted", count=-1))
    assert invalid.value.violations == (synthserve.FieldViolation("count", "must be at least 0"),)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        # Nobody here cancelled it, so it was dropped.
        (grpc.StatusCode.CANCELLED, synthserve.Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, synthserve.DeadlineExceeded),
        (grpc.StatusCode.FAILED_PRECONDITION, synthserve.ModelNotReady),
        (grpc.StatusCode.INTERNAL, synthserve.ServerError),
        (grpc.StatusCode.INVALID_ARGUMENT, synthserve.InvalidRequest),
        (grpc.StatusCode.NOT_FOUND, synthserve.ModelNotFound),
        (grpc.StatusCode.OUT_OF_RANGE, synthserve.InvalidRequest),
        (grpc.StatusCode.PERMISSION_DENIED, synthserve.PermissionDenied),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, synthserve.ResourceExhausted),
        (grpc.StatusCode.UNAUTHENTICATED, synthserve.Unauthenticated),
        (grpc.StatusCode.UNAVAILABLE, synthserve.Unavailable),
        (grpc.StatusCode.UNIMPLEMENTED, synthserve.ServerError),
    ],
)
async def test_codes_become_types_in_both_clients(
    scripted: ScriptedServer, fault: type[Fault], code: grpc.StatusCode, error: type[synthserve.SynthserveError]
) -> None:
    policy = synthserve.RetryPolicy(start_attempts=1)
    with synthserve.Client(scripted.target, retry=policy) as client:
        scripted.faults = [fault(0, code)]
        with pytest.raises(error) as raised:
            list(client.rows("scripted", count=1))
        assert type(raised.value) is error
    async with synthserve.AsyncClient(scripted.target, retry=policy) as aclient:
        scripted.faults, scripted.unary_faults = [fault(0, code)], [fault(0, code)]
        with pytest.raises(error):
            await aclient.rows("scripted", count=1).to_arrow()
        with pytest.raises(error):
            await aclient.models()


END = 2**63 - 1


@pytest.mark.parametrize(
    "faults",
    [
        [(2, grpc.StatusCode.OUT_OF_RANGE)],
        [(1, grpc.StatusCode.UNAVAILABLE), (1, grpc.StatusCode.OUT_OF_RANGE)],
        [(2, grpc.StatusCode.UNAVAILABLE)],
        [],
    ],
)
async def test_a_stream_without_a_count_ends_where_the_indices_do(
    scripted: ScriptedServer,
    client: synthserve.Client,
    fault: type[Fault],
    expected: Expected,
    faults: list[tuple[int, grpc.StatusCode]],
) -> None:
    wanted = expected(range(END - 6, END), 1)
    scripted.faults = [fault(*each) for each in faults]
    assert list(client.rows("scripted", seed=1, offset=END - 6)) == wanted
    async with synthserve.AsyncClient(scripted.target) as aclient:
        scripted.faults = [fault(*each) for each in faults]
        assert [row async for row in aclient.rows("scripted", seed=1, offset=END - 6)] == wanted


def test_out_of_range_before_the_end_is_told(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]
) -> None:
    scripted.faults = [fault(2, grpc.StatusCode.OUT_OF_RANGE)]
    with pytest.raises(synthserve.InvalidRequest, match="scripted"):
        list(client.rows("scripted", seed=1))


@pytest.mark.parametrize(
    "target", ["", " ", "localhost:x", "localhost:99999", "localhost:", ":1", "http://h:1", "h\udcff:1"]
)
def test_what_is_no_address_is_told_at_once(target: str) -> None:
    for kind in (synthserve.Client, synthserve.AsyncClient):
        with pytest.raises(synthserve.InvalidRequest) as raised:
            kind(target)
        assert [violation.field for violation in raised.value.violations] == ["target"]


@pytest.mark.parametrize("target", ["dns:///localhost:x", "ipv4:127.0.0.1:x", "dns:///"])
def test_what_no_scheme_can_mean_is_not_tried_again(target: str) -> None:
    with (
        synthserve.Client(target, retry=synthserve.RetryPolicy(initial_backoff=60, max_backoff=60)) as client,
        pytest.raises(synthserve.InvalidRequest, match="is not an address"),
    ):
        client.models()


@pytest.mark.parametrize(
    "target", ["localhost", "127.0.0.1:1", "[::1]:1", "::1", "dns:///h:1", "unix:/run/s", "ipv4:1.2.3.4:5"]
)
def test_addresses_of_all_kinds_are_taken(target: str) -> None:
    synthserve.Client(target).close()


def test_a_use_without_an_end_needs_one(client: synthserve.Client, tmp_path: Path) -> None:
    rows = client.rows("scripted")
    for use in (
        rows.to_pandas,
        rows.to_arrow,
        lambda: rows.to_parquet(io.BytesIO()),
        lambda: rows.to_csv(tmp_path / "a.csv"),
        client.images("scripted").grid,
        lambda: client.images("scripted").save_grid(tmp_path / "a.png"),
        lambda: client.images("scripted").save(tmp_path),
    ):
        with pytest.raises(ValueError, match="count: must be set") as raised:
            use()
        assert isinstance(raised.value, synthserve.InvalidRequest)
    assert not list(tmp_path.iterdir())


def test_what_can_be_missing_has_types_that_can_say_so(client: synthserve.Client, expected: Expected) -> None:
    frame = client.rows("scripted", count=40, seed=3).to_pandas()
    numbers, times = ["float64", "Int64", "category", "bool", "boolean"], ["datetime64[us]", "datetime64[us, UTC]"]
    assert [str(dtype) for dtype in frame.dtypes] == [*numbers, "string", times[0], *times]
    frame["day"] = frame["day"].dt.date
    for name in frame.columns:
        found = [None if missing else value for value, missing in zip(frame[name], frame[name].isna(), strict=True)]
        assert found == [row[name] for row in expected(range(40), 3)]


def test_metadata_is_sent(scripted: ScriptedServer) -> None:
    with synthserve.Client(scripted.target, metadata={"authorization": "Bearer x"}) as client:
        client.models()
        list(client.rows("scripted", count=1))
    assert all(metadata["authorization"] == "Bearer x" for metadata in scripted.metadata)
    assert all("synthserve-python/" in str(metadata["user-agent"]) for metadata in scripted.metadata)


def test_seed_model_and_schema_ask_once_and_hold(
    scripted: ScriptedServer, client: synthserve.Client, expected: Expected
) -> None:
    rows = client.rows("scripted", count=4)
    assert not scripted.requests
    assert (rows.seed, rows.model, [c.name for c in rows.schema.columns][:2]) == (1001, "scripted@3", ["x", "n"])
    assert [request.count for request in scripted.requests] == [0]
    assert list(rows) == list(rows) == expected(range(4), 1001)


def test_progress_is_told_over_breaks(scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]) -> None:
    told: list[int] = []
    scripted.faults = [fault(2)]
    rows = client.rows("scripted", count=10, offset=50, on_progress=told.append)
    rows.to_csv(io.BytesIO())
    assert told == [3, 6, 9, 10]


def test_devices_and_pipes_are_written_to_not_replaced(client: synthserve.Client, tmp_path: Path) -> None:
    assert client.rows("scripted", count=4).to_csv("/dev/null") == 4
    assert not Path("/dev/null").is_file()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    client.rows("scripted", count=4).to_csv(link)
    assert link.is_symlink()
    assert (tmp_path / "real").stat().st_size > 0


async def test_asyncio_cancelling_a_task_cancels_the_call(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, fault: type[Fault], tmp_path: Path
) -> None:
    async with synthserve.AsyncClient(scripted.target, retry=retry) as client:
        scripted.faults = [fault(1, None)]
        task = asyncio.create_task(client.rows("scripted", count=9).to_csv(tmp_path / "a.csv"))
        await asyncio.to_thread(scripted.hanging.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(scripted.cancelled.wait, 30)
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 - a local folder, at the end of the test


async def test_asyncio_close_ends_the_wait(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, fault: type[Fault]
) -> None:
    async with synthserve.AsyncClient(scripted.target, retry=retry) as client:
        scripted.faults = [fault(1, None)]
        rows = client.rows("scripted", count=9)
        task = asyncio.create_task(rows.to_arrow())
        await asyncio.to_thread(scripted.hanging.wait, 30)
        await rows.aclose()
        with pytest.raises(synthserve.Cancelled):
            await task
        assert await asyncio.to_thread(scripted.cancelled.wait, 30)

        scripted.hanging.clear()
        scripted.faults = [fault(1, None)]
        task = asyncio.create_task(client.rows("scripted", count=9).to_arrow())
        await asyncio.to_thread(scripted.hanging.wait, 30)
        await client.close()
        with pytest.raises(synthserve.Cancelled):
            await task
    with pytest.raises(synthserve.Cancelled):
        await client.models()


async def test_asyncio_seed_needs_start(scripted: ScriptedServer) -> None:
    async with synthserve.AsyncClient(scripted.target) as client:
        rows = client.rows("scripted", count=4)
        with pytest.raises(synthserve.SynthserveError, match="start"):
            _ = rows.seed
        await rows.start()
        assert (rows.seed, rows.model) == (1001, "scripted@3")
        images = await client.images("scripted", count=2).start()
        assert (images.schema.width, images.schema.height) == (6, 4)
        assert len(await client.models()) == 5
        assert (await client.model("broken")).state == "failed"
        with pytest.raises(synthserve.DeadlineExceeded):
            await client.rows("scripted", count=4, timeout=0).to_arrow()


async def test_asyncio_a_closed_client_keeps_no_connection(server_address: str) -> None:
    port = int(server_address.rpartition(":")[2])

    def connections() -> int:
        links = psutil.Process().net_connections("tcp")
        return sum(link.raddr.port == port for link in links if link.raddr)

    def write(_: bytes) -> int:
        # Between two messages: the next one is not awaited.
        raise BrokenPipeError

    before = connections()
    gc.disable()  # what has to be collected is kept
    try:
        async with synthserve.AsyncClient(server_address) as client:
            target: Any = SimpleNamespace(write=write)
            with pytest.raises(BrokenPipeError):
                await client.rows("tiny-table", seed=7).to_csv(target)
            assert connections() == before + 1
        while connections() > before:  # noqa: ASYNC110 - the kernel sets no event
            await asyncio.sleep(0.01)
    finally:
        gc.enable()
