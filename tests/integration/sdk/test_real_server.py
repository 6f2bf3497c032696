"""The client against the real server, which is killed on the way."""

from __future__ import annotations

import io
import json
import logging
import signal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.fixtures.processes import end, held_address, running_server

import synthserve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 600_000
"""More than what client, server and the buffers between them hold, so that a break is met on the way."""


@pytest.fixture
def real(server_address: str) -> Iterator[synthserve.Client]:
    with synthserve.Client(server_address) as client:
        yield client


def test_models_are_described(real: synthserve.Client) -> None:
    models = {model.name: model for model in real.models(full=True)}
    assert {"tiny-table", "tiny-grey", "tiny-rgb"} <= set(models)
    table = models["tiny-table"]
    assert (table.version, table.versions, table.state, table.kind) == (2, (2, 1), "ready", "table")
    assert table.conditions == (
        synthserve.Condition("species", ("setosa", "versicolor", "virginica"), category_count=3),
    )
    assert real.model("tiny-table") == table
    basic = {model.name: model for model in real.models()}["tiny-table"].conditions[0]
    assert (basic.name, basic.values, basic.category_count) == ("species", (), 3)
    assert models["tiny-rgb"].image == synthserve.ImageSchema(height=20, width=30, channels=3)
    assert real.model("tiny-table@1").version == 1


def test_every_way_to_read_gives_the_same_rows(real: synthserve.Client, tmp_path: Path) -> None:
    stream = real.rows("tiny-table", count=500, seed=7, offset=3)
    rows = list(stream)
    assert len(rows) == 500
    assert any(row["count"] is None for row in rows)
    table = stream.to_arrow()
    assert table.to_pylist() == rows
    assert [row for batch in stream.batches() for row in batch.to_pylist()] == rows
    stream.to_parquet(tmp_path / "a.parquet")
    parquet = pq.read_table(tmp_path / "a.parquet")
    assert parquet.to_pylist() == rows
    metadata = {
        key.decode(): value.decode() for key, value in pq.read_metadata(tmp_path / "a.parquet").metadata.items()
    }
    assert {key: value for key, value in metadata.items() if key.startswith("synthserve.")} == {
        "synthserve.synthetic": "true",
        "synthserve.model": "models/tiny-table/versions/2",
        "synthserve.version": "2",
        "synthserve.seed": "7",
        "synthserve.offset": "3",
        "synthserve.count": "500",
    }
    stream.to_arrow_file(tmp_path / "a.arrow")
    assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().to_pylist() == rows
    stream.to_jsonl(tmp_path / "a.jsonl")
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()] == rows


def test_data_frames_have_the_types_of_the_columns(real: synthserve.Client) -> None:
    for count in (0, 500):
        frame = real.rows("tiny-table", count=count, seed=7, where={"species": "virginica"}).to_pandas()
        assert len(frame) == count
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
            "length": "float64",
            "count": "Int64",
            "species": "category",
            "grade": "category",
            "fresh": "bool",
            "score, raw": "float64",
        }
        assert list(frame["species"].cat.categories) == ["setosa", "versicolor", "virginica"]
        assert set(frame["species"]) <= {"virginica"}
        assert frame.attrs["synthserve"] == {
            "synthetic": "true",
            "model": "models/tiny-table/versions/2",
            "version": "2",
            "seed": "7",
            "offset": "0",
            "count": str(count),
            "where": "species=virginica",
        }


@pytest.mark.parametrize("method", ["to_csv", "to_jsonl"])
def test_parts_make_the_whole(real: synthserve.Client, method: str) -> None:
    whole, parts = io.BytesIO(), io.BytesIO()
    getattr(real.rows("tiny-table", count=1000, seed=7), method)(whole)
    for start in range(0, 1000, 100):
        part = real.rows("tiny-table", count=100, seed=7, offset=start, rows_per_message=7)
        if method == "to_csv":
            part.to_csv(parts, header=start == 0)
        else:
            part.to_jsonl(parts)
    assert parts.getvalue() == whole.getvalue()


def test_images_in_every_format(real: synthserve.Client, tmp_path: Path) -> None:
    png, raw, jpeg = (
        list(real.images("tiny-rgb", count=5, seed=7, offset=10**12, format=name)) for name in ("png", "raw", "jpeg")
    )
    assert [image.to_pil().tobytes() for image in png] == [image.to_pil().tobytes() for image in raw]
    assert {image.to_pil().size for image in jpeg} == {(30, 20)}
    paths = real.images("tiny-rgb", count=5, seed=7, offset=10**12).save(tmp_path)
    assert [path.read_bytes() for path in paths] == [image.bytes for image in png]
    assert real.images("tiny-rgb", count=5, seed=7).grid(columns=3).size == (90, 40)


def test_a_drawn_seed_repeats(real: synthserve.Client) -> None:
    stream = real.rows("tiny-table", count=20)
    rows = list(stream)
    assert list(real.rows(stream.model, count=20, seed=stream.seed)) == rows
    fresh = real.rows("tiny-table", count=20)
    assert fresh.model == "tiny-table@2"
    assert list(fresh) == list(real.rows("tiny-table", count=20, seed=fresh.seed))


def test_bad_input_becomes_typed_errors(real: synthserve.Client) -> None:
    for name in ("nothing", "tiny-table@99"):
        with pytest.raises(synthserve.ModelNotFound) as not_found:
            real.rows(name, count=1).to_arrow()
        assert not_found.value.reason
        assert not_found.value.resource
    bad = [
        (real.rows("tiny-table", count=-1), "count"),
        (real.rows("tiny-table", count=1, offset=-1), "offset"),
        (real.rows("tiny-table", count=1, where={"species": "rose"}), "conditions"),
        (real.rows("tiny-table", count=1, where={"nothing": 1}), "conditions"),
        (real.rows("tiny-grey", count=1), "model"),
    ]
    for stream, field in bad:
        with pytest.raises(synthserve.InvalidRequest) as invalid:
            list(stream)
        assert [violation.field.partition("[")[0] for violation in invalid.value.violations] == [field]


async def test_asyncio_gives_the_same(server_address: str, real: synthserve.Client) -> None:
    async with synthserve.AsyncClient(server_address) as client:
        stream = client.rows("tiny-table", count=300, seed=7)
        assert [row async for row in stream] == list(real.rows("tiny-table", count=300, seed=7))
        assert (await stream.to_pandas()).equals(real.rows("tiny-table", count=300, seed=7).to_pandas())
        images = [image async for image in client.images("tiny-grey", count=9, seed=7)]
        assert images == list(real.images("tiny-grey", count=9, seed=7))
        assert [model.name for model in await client.models()] == [model.name for model in real.models()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_rows_go_on_after_the_server_is_restarted(
    repository: Path, tmp_path: Path, how: signal.Signals, caplog: pytest.LogCaptureFixture, real: synthserve.Client
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    with (
        held_address() as address,
        running_server(repository, tmp_path / "first.txt", "--grace-seconds", "0", "--listen", address) as first,
        synthserve.Client(first.address) as client,
    ):
        # Without a seed, so that it is the first server's that goes on.
        stream = client.rows("tiny-table", count=ROWS)
        batches = stream.batches()
        got = [next(batches)]
        end(first, how)
        with running_server(repository, tmp_path / "second.txt", "--listen", address):
            got += batches
    assert "going on in" in caplog.text
    assert stream.model == "tiny-table@2"
    table = pa.Table.from_batches(got)
    assert table.equals(real.rows("tiny-table", count=ROWS, seed=stream.seed).to_arrow())
    assert table.num_rows == ROWS


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_asyncio_rows_go_on_after_the_server_is_restarted(
    repository: Path, tmp_path: Path, how: signal.Signals, caplog: pytest.LogCaptureFixture, real: synthserve.Client
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    with (
        held_address() as address,
        running_server(repository, tmp_path / "first.txt", "--grace-seconds", "0", "--listen", address) as first,
    ):
        async with synthserve.AsyncClient(first.address) as client:
            batches = client.rows("tiny-table", count=ROWS, seed=11).batches()
            got = [await anext(batches)]
            end(first, how)
            with running_server(repository, tmp_path / "second.txt", "--listen", address):
                got += [batch async for batch in batches]
    assert "going on in" in caplog.text
    assert pa.Table.from_batches(got).equals(real.rows("tiny-table", count=ROWS, seed=11).to_arrow())
