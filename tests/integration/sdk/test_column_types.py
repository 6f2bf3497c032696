"""Columns of every type, in what people work with; and conditions of every form."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import PIL.Image
import polars
import pyarrow.parquet as pq

import synthserve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.sdk.conftest import Row, ScriptedServer

    Expected = Callable[[range, int], list[Row]]


def test_data_frames_have_the_same_types_without_a_row(client: synthserve.Client) -> None:
    frames = [client.rows("scripted", count=count, seed=7).to_pandas() for count in (50, 0)]
    assert frames[0].dtypes.to_dict() == frames[1].dtypes.to_dict()


def test_values_of_a_data_frame_are_conditions(scripted: ScriptedServer, client: synthserve.Client) -> None:
    rows = client.rows("scripted", count=1, seed=7)
    first = rows.to_pandas().iloc[0]
    list(
        client.rows("scripted", count=1, where={name: first[name] for name in ("x", "n", "flag", "note", "day", "at")})
    )
    sent = {condition.column: condition.equals for condition in scripted.requests[-1].conditions}
    assert sent == {
        "x": "7.0",
        "n": str(-(2**40)),
        "flag": "true",
        "note": "",
        "day": "2024-02-29T00:00:00",
        "at": "9999-12-31T00:00:00Z",
    }


def test_polars_has_types_for_all(client: synthserve.Client, expected: Expected) -> None:
    frame = polars.DataFrame(client.rows("scripted", count=50, seed=7).to_arrow())
    assert frame.schema["note"] == polars.String
    assert frame.schema["day"] == polars.Date
    assert frame.schema["local"] == polars.Datetime("us")
    assert frame.schema["at"] == polars.Datetime("us", "UTC")
    names = ["x", "n", "note", "day", "local", "at"]
    assert frame.select(names).to_dicts() == [{name: row[name] for name in names} for row in expected(range(50), 7)]


def test_conditions_of_all_forms_are_sent_and_kept(
    scripted: ScriptedServer, client: synthserve.Client, tmp_path: Path
) -> None:
    where: dict[str, object] = {
        "n": synthserve.between(1, 40),
        "label": ["plain", "with, comma", None],
        "maybe": None,
        "note": synthserve.present,
        "day": date(2024, 2, 29),
    }
    rows = client.rows("scripted", count=3, seed=7, where=where)
    metadata = rows.to_arrow().schema.metadata
    kept = 'day=2024-02-29&label=plain,"with, comma",&maybe=&n=1..40&note=..'
    assert unquote_plus(metadata[b"synthserve.where"].decode()) == kept
    assert rows.to_pandas().attrs["synthserve"]["where"] == metadata[b"synthserve.where"].decode()
    rows.to_parquet(tmp_path / "a.parquet")
    assert pq.read_schema(tmp_path / "a.parquet").metadata[b"synthserve.where"] == metadata[b"synthserve.where"]
    assert len(scripted.requests[0].conditions) == 5


def test_conditions_of_all_forms_on_the_command_line(scripted: ScriptedServer, tmp_path: Path) -> None:
    where = ["n=1..40", 'label=plain,"with, comma",', "maybe=", "note=..", "day=2024-02-29"]
    options = [word for condition in where for word in ("--where", condition)]
    command = [sys.executable, "-m", "synthserve.cli"]
    options += ["scripted", "--server", scripted.target, "--count", "3", "--seed", "7"]
    for output in (["rows", "-o", "a.parquet"], ["images", "--grid", "grid.png"]):
        subprocess.run([*command, *output, *options], cwd=tmp_path, check=True)
    kept = 'day=2024-02-29&label=plain,"with, comma",&maybe=&n=1..40&note=..'
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    assert unquote_plus(metadata[b"synthserve.where"].decode()) == kept
    with PIL.Image.open(tmp_path / "grid.png") as grid:
        source = unquote_plus(grid.info["synthserve"])
    assert source.partition("&where.")[2] == kept.replace("&", "&where.")
    assert scripted.requests[0].conditions == scripted.requests[1].conditions
    with synthserve.Client(scripted.target) as client:
        label: list[str | None] = ["plain", "with, comma", None]
        given = {"n": synthserve.between("1", "40"), "label": label, "maybe": None, "note": synthserve.present}
        list(client.rows("scripted", count=1, where={**given, "day": "2024-02-29"}))
    assert scripted.requests[2].conditions == scripted.requests[0].conditions
