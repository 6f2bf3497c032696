"""Schemas and descriptions that are too large for one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import synthserve
from synthserve.v1 import model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.sdk.conftest import Fault, Row, ScriptedServer

    Expected = Callable[[range, int], list[Row]]

WRITERS = ["to_csv", "to_jsonl", "to_arrow_stream", "to_arrow_file", "to_parquet"]


@pytest.mark.parametrize("breaks", [[], [1, 3, 5], [6, 0, 2, 7, 6]])
def test_a_large_schema_comes_in_parts_and_is_seen_once(
    scripted: ScriptedServer,
    client: synthserve.Client,
    expected: Expected,
    fault: type[Fault],
    breaks: list[int],
    tmp_path: Path,
) -> None:
    wanted = expected(range(20), 7)
    rows = client.rows("scripted", count=20, seed=7)
    files: dict[str, bytes] = {}
    for parts in (False, True):
        scripted.parts = parts
        scripted.faults = [fault(after) for after in breaks] if parts else []
        assert list(rows) == wanted
        assert not scripted.faults
        for method in WRITERS:
            scripted.faults = [fault(after) for after in breaks] if parts else []
            assert getattr(rows, method)(tmp_path / method) == 20
            assert (tmp_path / method).read_bytes() == files.setdefault(method, (tmp_path / method).read_bytes())
    assert rows.schema.columns[2].categories == ("plain", "with, comma", 'with "quotes"')


async def test_the_schema_is_known_when_all_parts_have_come(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, expected: Expected, fault: type[Fault]
) -> None:
    scripted.parts = True
    scripted.faults = [fault(2), fault(4)]
    with synthserve.Client(scripted.target, retry=retry) as client:
        asked = client.rows("scripted")
        assert len(asked.schema.columns[2].categories) == 3
        assert asked.seed == 1003
    scripted.faults = [fault(2), fault(4)]
    async with synthserve.AsyncClient(scripted.target, retry=retry) as client:
        rows = client.rows("scripted", count=20, seed=7)
        await rows.start()
        assert len(rows.schema.columns[2].categories) == 3
        scripted.faults = [fault(3), fault(6)]
        assert (await rows.to_arrow()).to_pylist() == expected(range(20), 7)


async def test_a_large_description_comes_in_pages(scripted: ScriptedServer, retry: synthserve.RetryPolicy) -> None:
    labels = tuple(f"label {number}" for number in range(5))
    with synthserve.Client(scripted.target, retry=retry) as client:
        found = client.model("large")
    assert found.table is not None
    assert found.table.columns[0].categories == found.conditions[0].values == labels
    assert [request.page_token for request in scripted.requests] == ["", "2", "4"]
    async with synthserve.AsyncClient(scripted.target, retry=retry) as aclient:
        assert await aclient.model("large") == found


async def test_a_list_asks_for_categories_only_if_they_are_wanted(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy
) -> None:
    with synthserve.Client(scripted.target, retry=retry) as client:
        assert len(client.models()) == len(client.models(full=True)) == 5
    async with synthserve.AsyncClient(scripted.target, retry=retry) as aclient:
        assert len(await aclient.models()) == len(await aclient.models(full=True)) == 5
    basic, full = model_pb2.MODEL_VIEW_BASIC, model_pb2.MODEL_VIEW_FULL
    assert [request.view for request in scripted.requests] == [basic] * 3 + [full] * 3 + [basic] * 3 + [full] * 3
