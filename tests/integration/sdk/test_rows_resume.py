"""Rows over broken connections: nothing lost, nothing repeated, whatever is made of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import synthserve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.sdk.conftest import Fault, Row, ScriptedServer

    Expected = Callable[[range, int], list[Row]]


@pytest.mark.parametrize("breaks", [[], [0], [1], [2, 0, 0, 1], [5], [1] * 5])
def test_iteration_survives_any_breaks(
    scripted: ScriptedServer,
    client: synthserve.Client,
    expected: Expected,
    fault: type[Fault],
    breaks: list[int],
) -> None:
    scripted.faults = [fault(after) for after in breaks]
    found = list(client.rows("scripted", count=20, seed=7, offset=100))
    assert found == expected(range(100, 120), 7)
    assert len(scripted.requests) == len(breaks) + 1


def test_resumed_calls_ask_for_the_rest_with_seed_and_resolved_version(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]
) -> None:
    scripted.faults = [fault(0), fault(2), fault(0)]
    rows = client.rows("scripted", count=20, offset=5, where={"label": "plain"})
    assert len(list(rows)) == 20
    first, second, third, fourth = scripted.requests
    # Nothing had come when the first call broke, so nothing was settled.
    assert first == second
    assert not second.HasField("seed")
    assert (third.model, third.seed, third.offset, third.count) == ("models/scripted/versions/3", rows.seed, 11, 14)
    assert [(c.column, c.equals) for c in third.conditions] == [("label", "plain")]
    assert fourth == third
    # 1001 was drawn by the call that broke before it said so.
    assert rows.seed == 1002
    assert rows.model == "scripted@3"


def test_an_endless_stream_resumes_and_stops_when_the_loop_does(
    scripted: ScriptedServer, client: synthserve.Client, expected: Expected, fault: type[Fault]
) -> None:
    scripted.faults = [fault(2), fault(1)]
    found = []
    for row in client.rows("scripted", seed=1):
        found.append(row)
        if len(found) == 30:
            break
    assert found == expected(range(30), 1)


def test_retry_info_is_honoured(
    scripted: ScriptedServer,
    client: synthserve.Client,
    fault: type[Fault],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    original = synthserve.RetryPolicy.delay

    def record(self: synthserve.RetryPolicy, *args: Any, **kwargs: Any) -> float:
        waits.append(original(self, *args, **kwargs))
        return 0.0

    monkeypatch.setattr(synthserve.RetryPolicy, "delay", record)
    scripted.faults = [fault.retry_info(1, 1234.5)]
    assert len(list(client.rows("scripted", count=9))) == 9
    assert waits == [1234.5]


def test_attempts_without_progress_are_bounded_and_progress_resets_them(
    scripted: ScriptedServer, fault: type[Fault]
) -> None:
    policy = synthserve.RetryPolicy(start_attempts=2, resume_attempts=3, initial_backoff=0.0, max_backoff=0.0)
    with synthserve.Client(scripted.target, retry=policy) as client:
        scripted.faults = [fault(0), fault(1), fault(0), fault(1), fault(0), fault(1), fault(0), fault(0)]
        with pytest.raises(synthserve.Unavailable) as raised:
            list(client.rows("scripted", count=100))
        assert raised.value.__notes__ == ["gave up after 3 attempts", "the stream broke at index 9"]
        assert not scripted.faults

        scripted.faults = [fault(0), fault(0), fault(0)]
        with pytest.raises(synthserve.Unavailable):
            list(client.rows("scripted", count=100))
        assert len(scripted.faults) == 1


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNKNOWN])
def test_other_errors_are_not_retried(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], code: grpc.StatusCode
) -> None:
    scripted.faults = [fault(1, code)]
    with pytest.raises(synthserve.ServerError, match="scripted"):
        list(client.rows("scripted", count=9))
    assert len(scripted.requests) == 1


def test_an_error_after_the_last_row_does_not_matter(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault]
) -> None:
    for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL):
        scripted.faults = [fault(3, code)]
        assert len(list(client.rows("scripted", count=9))) == 9
    assert len(scripted.requests) == 2


WRITERS = ["to_csv", "to_jsonl", "to_arrow_stream", "to_arrow_file", "to_parquet"]


@pytest.mark.parametrize("method", WRITERS)
def test_files_are_byte_identical_over_breaks(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], method: str, tmp_path: Path
) -> None:
    def written(name: str, faults: list[Fault]) -> bytes:
        scripted.faults = faults
        path = tmp_path / name
        assert getattr(client.rows("scripted", count=50, seed=3), method)(path) == 50
        return path.read_bytes()

    whole = written("whole", [])
    assert written("broken", [fault(0), fault(1), fault(0), fault(3)]) == whole
    open_file = io.BytesIO()
    getattr(client.rows("scripted", count=50, seed=3), method)(open_file)
    assert open_file.getvalue() == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "whole"]


@pytest.mark.parametrize("method", WRITERS)
def test_a_failed_write_leaves_what_was_there(
    scripted: ScriptedServer, client: synthserve.Client, fault: type[Fault], method: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"precious")
    scripted.faults = [fault(2, grpc.StatusCode.INTERNAL)]
    with pytest.raises(synthserve.ServerError):
        getattr(client.rows("scripted", count=50), method)(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["rows"]
    assert path.read_bytes() == b"precious"


def test_arrow_parquet_and_batches_hold_the_same_rows_over_breaks(
    scripted: ScriptedServer, client: synthserve.Client, expected: Expected, fault: type[Fault], tmp_path: Path
) -> None:
    rows = client.rows("scripted", count=50, seed=3, offset=7)
    wanted = expected(range(7, 57), 3)
    scripted.faults = [fault(1), fault(2)]
    assert rows.to_arrow().to_pylist() == wanted
    scripted.faults = [fault(1), fault(2)]
    assert [row for batch in rows.batches() for row in batch.to_pylist()] == wanted
    scripted.faults = [fault(1), fault(2)]
    rows.to_parquet(tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == wanted
    rows.to_arrow_file(tmp_path / "a.arrow")
    with pa.OSFile(str(tmp_path / "a.arrow")) as file:
        assert pa.ipc.open_file(file).read_all().to_pylist() == wanted
    rows.to_arrow_stream(tmp_path / "a.arrows")
    with pa.OSFile(str(tmp_path / "a.arrows")) as file:
        assert pa.ipc.open_stream(file).read_all().to_pylist() == wanted


def test_row_groups_do_not_depend_on_messages(
    client: synthserve.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthserve._sinks.arrow_files._GROUP_ROWS", 8)
    files = []
    for size in (1, 3, 100):
        path = tmp_path / f"{size}.parquet"
        client.rows("scripted", count=50, seed=3, rows_per_message=size).to_parquet(path)
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]
    assert pq.ParquetFile(tmp_path / "3.parquet").num_row_groups == 7


async def test_asyncio_survives_the_same_breaks(
    scripted: ScriptedServer,
    retry: synthserve.RetryPolicy,
    expected: Expected,
    fault: type[Fault],
    tmp_path: Path,
) -> None:
    wanted = expected(range(100, 120), 7)
    async with synthserve.AsyncClient(scripted.target, retry=retry) as client:
        rows = client.rows("scripted", count=20, seed=7, offset=100)
        scripted.faults = [fault(0), fault(2), fault(0), fault(1)]
        assert [row async for row in rows] == wanted
        scripted.faults = [fault(1)]
        assert (await rows.to_arrow()).to_pylist() == wanted
        scripted.faults = [fault(2)]
        assert [row async for batch in rows.batches() for row in batch.to_pylist()] == wanted
        for method in WRITERS:
            scripted.faults = [fault(0), fault(1), fault(0), fault(3)]
            assert await getattr(rows, method)(tmp_path / method) == 20
    with synthserve.Client(scripted.target, retry=retry) as sync:
        for method in WRITERS:
            getattr(sync.rows("scripted", count=20, seed=7, offset=100), method)(tmp_path / "sync")
            assert (tmp_path / "sync").read_bytes() == (tmp_path / method).read_bytes()
